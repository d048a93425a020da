"""Lock: at most one holder among all clients."""

from __future__ import annotations

from ..contract import command, query, waiting
from ..grants import Fence, Grant
from ..shapes import HERE, Agent
from ..state import Owner

__all__ = ["Lock"]


class Lock:
    """A lock with the methods and errors of `threading.Lock`.

    Whoever waits longest is served first, and only the living are. As in the standard library
    anybody may release it. When a holder's process ends, the next in line gets the lock at once,
    and one late release by somebody else is absorbed.

    Nobody waits in a ring: DeadlockError for whoever would wait without a timeout for somebody who
    waits so for the caller. That is for rings of several locks. Who waits for a lock that it holds
    itself is not refused, because in the standard library that is a way to wait for somebody else.
    """

    @command
    def open(self) -> None:
        """Create the lock if there is none of that name."""

    @waiting
    def acquire(
        self, blocking: bool = True, timeout: float | None = None, agent: Agent = HERE
    ) -> Grant | None:
        """Take the lock, waiting up to `timeout` seconds (None or -1: for ever); None in vain.

        ValueError for another negative timeout, or for a timeout of a call that does not block.
        """

    @command
    def release(self, *, fence: Fence = None) -> None:
        """Give the lock back; RuntimeError if nobody holds it."""

    @query
    def locked(self) -> bool:
        """Return whether somebody holds it."""

    @query
    def current(self, token: int) -> bool:
        """Return whether it is held by the grant with that token."""

    @query
    def owner(self) -> Owner | None:
        """Return who holds it, or None."""
