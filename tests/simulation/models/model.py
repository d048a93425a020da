"""Models: what an object does when one call comes after the other.

A state is a value that can be hashed, so that a search can remember where it was; `step` says what
follows from it, and with which result, were the call to take effect at once. So the result of a
wait that was in vain is that of not waiting at all, and whoever got something got it when it was
there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ..history import Call

__all__ = ["Model"]


class Model(ABC):
    """One type of object, to begin with in the state `initial`.

    `queries` change nothing; `undoable` are the operations whose effect is taken back when the
    reply did not arrive.
    """

    initial: Any
    queries: frozenset[str] = frozenset()
    undoable: frozenset[str] = frozenset()

    @abstractmethod
    def step(self, state: Any, call: Call) -> tuple[Any, Any]:
        """Return the state after `call` and its result."""

    def undo(self, state: Any, call: Call, result: Any) -> Any:
        """Return the state after `call`, which had `result`, was taken back."""
        return state

    def abandon(self, state: Any, process: str) -> Any:
        """Return the state after the session of `process` has ended."""
        return state
