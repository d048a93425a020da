"""Semaphore: a number of permits among all clients."""

from __future__ import annotations

from ..contract import command, query, waiting
from ..grants import Fence, Grant

__all__ = ["Semaphore"]


class Semaphore:
    """A semaphore with the methods and errors of `threading.Semaphore`.

    Whoever waits longest is served first, and only the living are. Anybody may release. What a
    process holds when it ends is given back, and as many late releases by others are absorbed.
    """

    @command
    def open(self, value: int = 1) -> None:
        """Create the semaphore with `value` permits; ValueError if that is negative."""

    @waiting
    def acquire(self, blocking: bool = True, timeout: float | None = None) -> Grant | None:
        """Take a permit, waiting up to `timeout` seconds (None: for ever; negative: not at all).

        Returns None in vain. ValueError for a timeout of a call that does not block.
        """

    @command
    def release(self, n: int = 1, *, fence: Fence = None) -> None:
        """Give `n` permits back; ValueError if that is less than 1.

        LockLost, once, if the server had given up this process with permits that are among them.
        """

    @query
    def value(self) -> int:
        """Return the number of permits that nobody has."""
