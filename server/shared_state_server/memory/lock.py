"""A lock in memory: its holder, and the line before it.

When the session of a holder ends, the lock is abandoned: it goes to the next in line, or is free.
Somebody may still release it in the dead holder's name (a parent that cleans up after its child);
`_stray` lets that one release pass without taking the lock from its new holder.
"""

from __future__ import annotations

from typing import NamedTuple

from ..session import Lane, OwnerFields, Session
from ..waiting import Call, Line, Undo

__all__ = ["Lock"]


class Holder(NamedTuple):
    """Who has the lock, and since when (monotonic seconds). Each grant is a holder of its own."""

    lane: Lane
    since: float


class Lock:
    """Keeps the contract `shared_state_protocol.objects.Lock`."""

    __slots__ = ("_holder", "_line", "_stray")

    def __init__(self) -> None:
        self._holder: Holder | None = None
        self._line = Line()
        self._stray = False

    def acquire(self, call: Call, block: bool, timeout: float | None) -> object:
        wait = _checked_timeout(block, timeout)
        if self._holder is None:
            call.undo = self._grant(call.lane, call.now)
            return True
        if not block:
            return False
        return call.park(self._line, wait, late=False)

    def release(self, call: Call) -> None:
        is_holder = self._holder is not None and self._holder.lane.session is call.lane.session
        if self._stray and not is_holder:
            self._stray = False
            return
        if self._holder is None:
            raise RuntimeError("release unlocked lock")
        self._pass_on(call.now)

    def locked(self) -> bool:
        return self._holder is not None

    def owner(self, call: Call) -> OwnerFields | None:
        return next(iter(self.owners(call.now)), None)

    def owners(self, now: float) -> list[OwnerFields]:
        if self._holder is None:
            return []
        return [self._holder.lane.owner(now - self._holder.since)]

    def waiters(self) -> int:
        return len(self._line)

    def abandon(self, session: Session, now: float) -> None:
        """Free the lock of a session that is gone."""
        if self._holder is not None and self._holder.lane.session is session:
            self._stray = True
            self._pass_on(now)

    def size(self) -> int:
        return int(self.locked())

    def close(self, error: Exception) -> None:
        """Fail whoever waits: the lock is being deleted."""
        self._line.fail_all(error)
        if self._holder is not None:
            self._holder.lane.session.stakes.pop(self, None)

    def _grant(self, lane: Lane, now: float) -> Undo:
        holder = self._holder = Holder(lane, now)
        lane.session.stakes[self] = None

        def undo(now: float) -> None:
            if self._holder is holder:
                self._pass_on(now)

        return undo

    def _pass_on(self, now: float) -> None:
        """Give the lock to the next in line, or free it."""
        if self._holder is not None:
            self._holder.lane.session.stakes.pop(self, None)
        self._holder = None
        if self._line:
            waiter = self._line.first()
            waiter.answer(True, self._grant(waiter.lane, now))


def _checked_timeout(block: bool, timeout: float | None) -> float | None:
    """Apply the rules of `threading.Lock.acquire`."""
    if timeout is None or timeout == -1:
        return None
    if not block:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    return timeout
