"""What a call came to: its result or its exception, in a form that can be compared.

Results are compared by `repr`, because ``1 == 1.0 == True`` and NaN is not itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["outcome"]


def outcome(function: Callable[..., Any], *arguments: Any) -> str:
    """Call `function` and say what came of it.

    A `KeyError` has to carry the key; the words of the other exceptions are each side's own.
    """
    try:
        return f"returned {function(*arguments)!r}"
    except KeyError as error:
        return f"raised {error!r}"
    except Exception as error:  # noqa: BLE001  # which one it is is the question
        return f"raised {type(error).__name__}"
