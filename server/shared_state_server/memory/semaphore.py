"""A semaphore in memory: the free permits, who has the others, and the line before it.

Who has a permit is recorded, so that the permits of a dead process come back. A release by somebody
who has none counts for whoever has had a permit longest; after a death it may be the release in the
dead holder's name, and is absorbed. If it is that of the holder itself, which was only cut off, it
is refused by `LockLost`: nothing else would tell who does not acquire by a block.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator
from itertools import chain, islice
from typing import Any

from shared_state_protocol.errors import LockLost

from ..lane import Lane
from ..session import Session
from ..waiting import Call, Line, Undo, Waiter
from .holder import Holder, Owned, want_of

__all__ = ["Semaphore"]

MAX_PERMITS = 2**63 - 1
"""The largest integer that travels as one, and more than anybody counts."""

TOO_MANY = f"a semaphore has at most {MAX_PERMITS} permits"

REMEMBERED_LOSERS = 1024
"""Sessions that may come back and release what they have lost: a rack of them. Some 100 bytes each;
of more, those that ended first are forgotten, and their releases absorbed like everybody's."""


class Semaphore(Owned):
    """Keeps the contract `shared_state_protocol.objects.Semaphore`."""

    def __init__(self, value: int = 1) -> None:
        super().__init__()
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        if value > MAX_PERMITS:
            raise OverflowError(TOO_MANY)
        self._free = value
        # By token, the oldest first, where taking from the front of a plain dict is O(n).
        self._taken: OrderedDict[int, Holder] = OrderedDict()
        self._had: dict[Session, OrderedDict[int, Holder]] = {}
        self._line = Line()
        self._stray = 0
        self._abandoned = 0  # of the free permits
        self._lost: dict[bytes, int] = {}  # permits, by the session that had them when it ended

    def acquire(self, call: Call, blocking: bool, timeout: float | None) -> object:
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        if self._free:
            told, call.undo = self._grant(call.lane, call.now)
            return told
        if not blocking:
            return None
        return call.park(self._line, timeout, late=None)

    def release(self, call: Call, n: int) -> None:
        """Take `n` permits back, or tell a session once that it had lost some of them."""
        if self._lost:
            self._tell_loss(call.lane.session, n)
        self.give_back(call, n)

    def give_back(self, call: Call, n: int) -> None:
        """Take `n` permits back, whoever has lost some."""
        if n < 1:
            raise ValueError("n must be one or more")
        own = len(self._had_by(call.lane.session))
        absorbed = min(max(n - own, 0), self._stray)
        self._refuse_too_many(n - absorbed)
        if self._free + n - absorbed > MAX_PERMITS:
            raise OverflowError(TOO_MANY)
        self._stray -= absorbed
        for permit in list(islice(self._in_order(call), n - absorbed)):
            self._forget(permit)
        self._free += n - absorbed
        self._serve(call.now)

    def value(self) -> int:
        return self._free

    def size(self) -> int:
        return self._free

    def holders(self) -> list[Holder]:
        return list(self._taken.values())

    def holder_of(self, token: int) -> Holder | None:
        return self._taken.get(token)

    def lined_up(self) -> list[Waiter]:
        return list(self._line)

    def waiters(self) -> int:
        return len(self._line)

    def abandon(self, session: Session, now: float) -> None:
        """Take back the permits of a session that is gone, and remember how many it had."""
        permits = list(self._had_by(session))
        self._lost[session.id] = self._lost.pop(session.id, 0) + len(permits)
        if len(self._lost) > REMEMBERED_LOSERS:
            del self._lost[next(iter(self._lost))]
        for permit in permits:
            self._stray += 1
            permit.abandoned = True
            self._take_back(permit, now)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the semaphore is being deleted."""
        self._line.fail_all(error)
        for permit in self.holders():
            self._forget(permit)

    def undo(self, holder: Holder, now: float) -> None:
        """Take a permit back from a holder that was never told that it has it."""
        given_up = holder if holder.token in self._taken else self._instead_of(holder)
        if given_up is not None:
            self._take_back(given_up, now)

    def _tell_loss(self, session: Session, n: int) -> None:
        """Refuse a release of more than `session` has, as far as it had lost the rest."""
        own = len(self._had_by(session))
        lost = self._lost.get(session.id, 0)
        told = min(n - own, lost)
        if told > 0:
            del self._lost[session.id]
            if told < lost:
                self._lost[session.id] = lost - told
            self._stray -= min(told, self._stray)
            raise LockLost(
                f"{self.name!r} was lost before it was released: the server had given up this "
                f"process, and {told} of its permits; nothing was released"
            )

    def _had_by(self, session: Session) -> Collection[Holder]:
        """Return the permits of a session, the oldest first."""
        had = self._had.get(session)
        return () if had is None else had.values()

    def _in_order(self, call: Call) -> Iterator[Holder]:
        """Yield permits in the order of release: the fence's, the caller's own, the oldest."""
        guard = call.guard
        named = [guard] if guard is not None and self._taken.get(guard.token) is guard else []
        own = self._had_by(call.lane.session)
        seen: set[Holder] = set()
        for permit in chain(named, own, self._taken.values()):
            if permit not in seen:
                seen.add(permit)
                yield permit

    def _refuse_too_many(self, n: int) -> None:
        """Refuse a release of `n` permits that were never there; a plain semaphore takes any."""

    def _grant(self, lane: Lane, now: float) -> tuple[Any, Undo]:
        """Give a permit to the next; return what to tell it, and how to undo that."""
        self.last_token += 1
        permit = Holder(self, lane, want_of(0), now, self.last_token, self._abandoned > 0)
        self._free -= 1
        self._abandoned -= permit.abandoned
        self._taken[permit.token] = permit
        self._had.setdefault(lane.session, OrderedDict())[permit.token] = permit
        lane.session.stakes[self] = None
        return (self.name, permit.token, permit.abandoned), permit.undo

    def _instead_of(self, released: Holder) -> Holder | None:
        """Return another permit of the session whose own release took the one that was not its."""
        return next(iter(self._had_by(released.lane.session)), None)

    def _take_back(self, permit: Holder, now: float) -> None:
        """Have a permit be free again, abandoned if it was."""
        self._forget(permit)
        self._free += 1
        self._abandoned += permit.abandoned
        self._serve(now)

    def _forget(self, permit: Holder) -> None:
        session = permit.lane.session
        del self._taken[permit.token]
        had = self._had[session]
        del had[permit.token]
        if not had:
            del self._had[session]
            session.stakes.pop(self, None)
        permit.end()

    def _serve(self, now: float) -> None:
        while self._free and self._line:
            waiter = self._line.first()
            waiter.answer(*self._grant(waiter.lane, now))
