"""The substitution: `multiprocessing.managers` is ours, for all that is imported after this.

The suite is not changed by a letter, so it imports `multiprocessing.managers`. Here that name is
given to `shared_state.managers`, in `sys.modules` and as the attribute of its package, and
`multiprocessing.Manager` to ours. The main module of a run does it before it imports the suite; and
because children under spawn and forkserver import the main module first of all, and children under
fork have it already, it takes effect in each of them. `suite.SubstitutionTest` asks a child.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import Any

__all__ = ["EDITION", "SABOTAGE", "START_METHOD", "substitute"]

EDITION = "SUITE_EDITION"
"""The variable of the environment that says whose managers are tested: OURS or STANDARD."""

START_METHOD = "SUITE_START_METHOD"
"""The variable of the environment that names the start method."""

SABOTAGE = "SUITE_SABOTAGE"
"""The variable of the environment that has a method of ours fail, in children alone."""


def substitute() -> None:
    """Give our managers the standard library's names, if this run is about ours."""
    if os.environ[EDITION] != "OURS":
        return
    import shared_state
    from shared_state import managers

    package: Any = multiprocessing
    package.managers = sys.modules["multiprocessing.managers"] = managers
    package.Manager = shared_state.Manager
    if SABOTAGE in os.environ:
        _sabotage(managers.ListProxy)


def _sabotage(proxytype: Any) -> None:
    """Have `pop` fail in children alone, in which the suite has to notice it."""
    pop = proxytype.pop

    def refuse(self: Any, *index: int) -> Any:
        if multiprocessing.parent_process() is not None:
            raise RuntimeError("sabotaged")
        return pop(self, *index)

    proxytype.pop = refuse
