"""Barrier: a number of parties that wait for each other."""

from __future__ import annotations

from ..contract import command, query, waiting

__all__ = ["Barrier"]


class Barrier:
    """A barrier with the methods of `threading.Barrier`, and its BrokenBarrierError.

    A party whose time is over, or whose process ends while it waits, breaks it for all.
    """

    @command
    def open(self, parties: int, timeout: float | None = None) -> None:
        """Create the barrier; `timeout`, in seconds, is what `wait` takes when given none.

        ValueError if `parties` is less than 1.
        """

    @waiting
    def arrive(self, timeout: float | None = None, acts: bool = False) -> tuple[int, bool]:
        """Wait for the others; return this party's index, and whether it has to act.

        If it `acts`, the party that arrives last gets True and the others wait on: it is to run
        its action and then `pass_all`, or `abort`.
        """

    @command
    def pass_all(self) -> None:
        """Let the others go; BrokenBarrierError if they wait no more for the caller's action."""

    @command
    def reset(self) -> None:
        """Empty the barrier; whoever waits gets BrokenBarrierError."""

    @command
    def abort(self) -> None:
        """Break the barrier: whoever waits or comes gets BrokenBarrierError, until a reset."""

    @query
    def parties(self) -> int:
        """Return the number of parties that it takes."""

    @query
    def n_waiting(self) -> int:
        """Return the number of parties that wait now."""

    @query
    def broken(self) -> bool:
        """Return whether it is broken."""
