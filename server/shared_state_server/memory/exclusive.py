"""Exclusive: what one holder has at a time, the line before it, and what happens at a death.

When the session of a holder ends, what it held is abandoned: it goes to the next in line, or is
free; either way the next holder is told. Somebody may still release it in the dead holder's name (a
parent that cleans up after its child); `_stray` lets that one release pass without taking anything
from the new holder.

A condition gives a lock back with `give_up`, however deep it was taken, and has a waiter take it
again with `take_back`. It fails with the lock when that is deleted: the next of that name has
tokens of its own.
"""

from __future__ import annotations

from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from ..lane import Lane, OwnerFields
from ..session import Session
from ..waiting import Call, Undo, Waiter
from .holder import Holder, Owned, Want
from .ring import LockLine, refuse_ring, untie_ring

__all__ = ["Exclusive", "checked_timeout"]


class Exclusive(Owned):
    """Something that one holder has at a time. Whoever waits longest is next."""

    IN_VAIN: ClassVar[Any] = None
    """What is told to who does not get it."""

    def __init__(self) -> None:
        super().__init__()
        self._holder: Holder | None = None
        self._line = LockLine(self)
        self._stray = False
        self._is_abandoned = False
        self._conditions: WeakKeyDictionary[Exclusive, None] | None = None  # as most have none

    @property
    def holder(self) -> Holder | None:
        """Who has it."""
        return self._holder

    def locked(self) -> bool:
        return self._holder is not None

    def current(self, token: int) -> bool:
        return self.holder_of(token) is not None

    def owner(self, call: Call) -> OwnerFields | None:
        return next(iter(self.owners(call.now)), None)

    def holders(self) -> list[Holder]:
        return [] if self._holder is None else [self._holder]

    def holder_of(self, token: int) -> Holder | None:
        holder = self._holder
        return holder if holder is not None and holder.token == token else None

    def is_held_by(self, call: Call, agent: int) -> bool:
        """Return whether the caller has it."""
        holder = self._holder
        return (
            holder is not None
            and holder.agent == agent
            and holder.lane.session is call.lane.session
        )

    def lined_up(self) -> list[Waiter]:
        return list(self._line)

    def size(self) -> int:
        return 0 if self._holder is None else self._holder.depth

    def abandon(self, session: Session, now: float) -> None:
        """Take it from a session that is gone."""
        if self._holder is not None and self._holder.lane.session is session:
            self._stray = self._is_abandoned = True
            self._pass_on(now)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits, here and at its conditions: the object is being deleted."""
        self._line.fail_all(error)
        holder, self._holder = self._holder, None
        if holder is not None:
            self._end(holder)
        for condition in list(self._conditions or ()):
            condition.fail_all(error)

    def take_along(self, condition: Exclusive) -> None:
        """Have `condition`, which works on this, fail with it; nobody else need keep it."""
        if self._conditions is None:
            self._conditions = WeakKeyDictionary()
        self._conditions[condition] = None

    def undo(self, holder: Holder, now: float) -> None:
        """Take it back from a holder that was never told that it has it."""
        if self._holder is holder:
            self._is_abandoned = holder.abandoned
            self._pass_on(now)
        if holder.want.undone is not None:
            holder.want.undone(now)

    def give_up(self, now: float) -> None:
        """Give it back, however often it was taken."""
        self._pass_on(now)

    def take_back(self, waiter: Waiter, want: Want, now: float) -> None:
        """Have `waiter` take it as `want` says, once it is free."""
        if self._holder is None:
            waiter.answer(*self._grant(waiter.lane, want, now))
        else:
            waiter.wait_for_ever()
            waiter.move(self._line, want)
            untie_ring(self, waiter.lane, want.agent, now)

    def _take_or_wait(self, call: Call, blocking: bool, wait: float | None, want: Want) -> Any:
        if self._holder is None:
            told, call.undo = self._grant(call.lane, want, call.now)
            return told
        if not blocking:
            return self.IN_VAIN
        if wait is None:
            refuse_ring(self, call.lane, want.agent, call.now)
        return call.park(self._line, wait, late=self.IN_VAIN, want=want)

    def _absorbs_release(self) -> bool:
        """Return whether a release by somebody else is the one in a dead holder's name."""
        absorbs, self._stray = self._stray, False
        return absorbs

    def _grant(self, lane: Lane, want: Want, now: float) -> tuple[Any, Undo]:
        """Give it to the next holder; return what to tell it, and how to undo that."""
        self.last_token += 1
        holder = Holder(self, lane, want, now, self.last_token, self._is_abandoned)
        self._holder = holder
        self._is_abandoned = False
        lane.session.stakes[self] = None
        return self._told(holder, want), holder.undo

    def _told(self, holder: Holder, want: Want) -> Any:
        """Return what is told to who gets it."""
        grant = self.name, holder.token, holder.abandoned
        return grant if want.woken is None else (want.woken, grant)

    def _pass_on(self, now: float) -> None:
        """Give it to the next in line, or free it."""
        holder, self._holder = self._holder, None
        if holder is not None:
            self._end(holder)
        if self._line:
            waiter = self._line.first()
            waiter.answer(*self._grant(waiter.lane, waiter.want, now))

    def _end(self, holder: Holder) -> None:
        holder.lane.session.stakes.pop(self, None)
        if holder.guarded:
            holder.end()


def checked_timeout(blocking: bool, timeout: float | None) -> float | None:
    """Return for how long to wait, by the rules of `threading.Lock.acquire`; None is for ever.

    Raises:
        ValueError: there is a timeout and no blocking, or it is negative and not -1.
    """
    if timeout is None or timeout == -1:
        return None
    if not blocking:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    return timeout
