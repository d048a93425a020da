"""Backoff: how often to try what may not pay."""

from __future__ import annotations

__all__ = ["Backoff"]

SHORTEST_S = 0.00025
"""A quarter of the first rest."""

LONGEST_S = 0.1
"""What fails each time is tried ten times a second, which costs next to nothing; and what begins to
pay is found out before anybody sees a difference."""


class Backoff:
    """Leaves out attempts for a while after one that failed.

    For four times as long after each failure, for half as long after each success: what fails more
    often than once in three times is soon hardly tried. `now` is in seconds of one clock.
    """

    __slots__ = ("_rest", "_until")

    def __init__(self) -> None:
        self._rest = SHORTEST_S
        self._until = 0.0

    def rests(self, now: float) -> bool:
        """Return whether to leave out the attempt that could be made now."""
        return now < self._until

    def paid(self) -> None:
        """Take note that an attempt was worth its price."""
        self._rest = max(self._rest / 2, SHORTEST_S)

    def failed(self, now: float) -> None:
        """Take note that an attempt was not."""
        self._rest = min(4 * self._rest, LONGEST_S)
        self._until = now + self._rest
