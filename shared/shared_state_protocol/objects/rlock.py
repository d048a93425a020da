"""RLock: a lock that its holder may take again."""

from __future__ import annotations

from ..contract import command, query, waiting
from ..grants import Fence, Grant
from ..shapes import HERE, Agent
from ..state import Owner

__all__ = ["RLock"]


class RLock:
    """A lock with the methods and errors of `threading.RLock`.

    Its owner is one thread of one process, or one task of an async client; it has to release the
    lock as often as it took it. Whoever waits longest is served first, and only the living are.
    When a holder's process ends, the next in line gets the lock at once, and one late release by
    somebody else is absorbed. Nobody waits in a ring of locks: see `Lock`.
    """

    @command
    def open(self) -> None:
        """Create the lock if there is none of that name."""

    @waiting
    def acquire(
        self, blocking: bool = True, timeout: float | None = None, agent: Agent = HERE
    ) -> Grant | None:
        """Take the lock, at once if the caller has it, else waiting up to `timeout` seconds.

        None and -1 wait for ever. Returns None in vain, and the same token as long as the caller
        has it. ValueError for another negative timeout, or for a timeout of a call that does not
        block.
        """

    @command
    def release(self, agent: Agent = HERE, *, fence: Fence = None) -> None:
        """Give the lock back once; RuntimeError if the caller does not have it."""

    @query
    def locked(self) -> bool:
        """Return whether somebody holds it."""

    @query
    def current(self, token: int) -> bool:
        """Return whether it is held by the grant with that token."""

    @query
    def owner(self) -> Owner | None:
        """Return who holds it, or None."""
