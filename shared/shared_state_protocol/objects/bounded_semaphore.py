"""BoundedSemaphore: a semaphore that never has more permits than at first."""

from __future__ import annotations

from ..contract import command
from .semaphore import Semaphore

__all__ = ["BoundedSemaphore"]


class BoundedSemaphore(Semaphore):
    """A `Semaphore` that refuses a release too many: ValueError, and nothing is changed."""

    @command
    def open(self, value: int = 1) -> None:
        """Create the semaphore with `value` permits; ValueError if that is negative."""
