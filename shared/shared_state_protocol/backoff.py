"""Backoff: how often to try what may not pay."""

from __future__ import annotations

__all__ = ["Backoff"]

MOST_SKIPPED = 8192
"""Attempts in a row that are left out, at the most. So what never pays costs next to nothing, and
what begins to pay is found out within a second, if somebody is busy."""


class Backoff:
    """Leaves out attempts after those that failed.

    After each failure four times as many as before, after each success half as many: what fails
    more often than once in three times is soon hardly tried.
    """

    __slots__ = ("_left", "_span")

    def __init__(self) -> None:
        self._left = 0
        self._span = 1

    def skips(self) -> bool:
        """Return whether to leave out the attempt that could be made now."""
        if not self._left:
            return False
        self._left -= 1
        return True

    def paid(self) -> None:
        """Take note that an attempt was worth its price."""
        self._span = self._span // 2 or 1

    def failed(self) -> None:
        """Take note that an attempt was not."""
        self._left = self._span = min(4 * self._span, MOST_SKIPPED)
