"""Holding: what one holder has at a time, the line before it, and what happens at a death.

When the session of a holder ends, what it held is abandoned: it goes to the next in line, or is
free. Somebody may still release it in the dead holder's name (a parent that cleans up after its
child); `_stray` lets that one release pass without taking anything from the new holder.

A condition gives a lock back with `give_up`, however deep it was taken, and has a waiter take it
again with `take_back`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..session import Lane, OwnerFields, Session
from ..waiting import Call, Line, Undo, Waiter

__all__ = ["Claim", "Exclusive", "Holder", "checked_timeout"]


class Claim(NamedTuple):
    """What a waiter wants: to hold it as `agent`, `depth` times, and `result` as its answer.

    `undone` is called if the answer did not arrive.
    """

    agent: int = 0
    depth: int = 1
    result: Any = True
    undone: Callable[[float], None] | None = None


class Holder:
    """Who has it, how often, and since when (monotonic seconds). Every grant makes a new one."""

    __slots__ = ("agent", "depth", "lane", "since")

    def __init__(self, lane: Lane, claim: Claim, since: float) -> None:
        self.lane = lane
        self.agent = claim.agent
        self.depth = claim.depth
        self.since = since


class Exclusive:
    """Something that one holder has at a time. Whoever waits longest is next."""

    def __init__(self) -> None:
        self._holder: Holder | None = None
        self._line = Line()
        self._stray = False

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

    def size(self) -> int:
        return 0 if self._holder is None else self._holder.depth

    def abandon(self, session: Session, now: float) -> None:
        """Take it from a session that is gone."""
        if self._holder is not None and self._holder.lane.session is session:
            self._stray = True
            self._pass_on(now)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the object is being deleted."""
        self._line.fail_all(error)
        if self._holder is not None:
            self._holder.lane.session.stakes.pop(self, None)

    def give_up(self, now: float) -> None:
        """Give it back, however often it was taken."""
        self._pass_on(now)

    def take_back(self, waiter: Waiter, claim: Claim, now: float) -> None:
        """Have `waiter` take it as `claim` says, once it is free."""
        if self._holder is None:
            waiter.answer(claim.result, self._grant(waiter.lane, claim, now))
        else:
            waiter.wait_for_ever()
            waiter.move(self._line, claim)

    def _take_or_wait(self, call: Call, block: bool, wait: float | None, claim: Claim) -> Any:
        if self._holder is None:
            call.undo = self._grant(call.lane, claim, call.now)
            return claim.result
        if not block:
            return False
        return call.park(self._line, wait, late=False, want=claim)

    def _absorbs_release(self) -> bool:
        """Return whether a release by somebody else is the one in a dead holder's name."""
        absorbs, self._stray = self._stray, False
        return absorbs

    def _grant(self, lane: Lane, claim: Claim, now: float) -> Undo:
        holder = self._holder = Holder(lane, claim, now)
        lane.session.stakes[self] = None

        def undo(now: float) -> None:
            if self._holder is holder:
                self._pass_on(now)
            if claim.undone is not None:
                claim.undone(now)

        return undo

    def _pass_on(self, now: float) -> None:
        """Give it to the next in line, or free it."""
        if self._holder is not None:
            self._holder.lane.session.stakes.pop(self, None)
        self._holder = None
        if self._line:
            waiter = self._line.first()
            claim: Claim = waiter.want
            waiter.answer(claim.result, self._grant(waiter.lane, claim, now))


def checked_timeout(block: bool, timeout: float | None) -> float | None:
    """Return for how long to wait, by the rules of `threading.Lock.acquire`; None is for ever.

    Raises:
        ValueError: there is a timeout and no blocking, or it is negative and not -1.
    """
    if timeout is None or timeout == -1:
        return None
    if not block:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    return timeout
