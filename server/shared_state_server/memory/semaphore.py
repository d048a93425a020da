"""A semaphore in memory: the free permits, who has the others, and the line before it.

Who has a permit is recorded, so that the permits of a dead process come back. A release by somebody
who has none counts for whoever has had a permit longest; after a death it may be the release in the
dead holder's name, and is absorbed.
"""

from __future__ import annotations

from ..session import Lane, OwnerFields, Session
from ..waiting import Call, Line, Undo

__all__ = ["Semaphore"]


class Permit:
    """Who has a permit, and since when (monotonic seconds)."""

    __slots__ = ("lane", "since")

    def __init__(self, lane: Lane, since: float) -> None:
        self.lane = lane
        self.since = since


class Semaphore:
    """Keeps the contract `shared_state_protocol.objects.Semaphore`."""

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._free = value
        self._taken: dict[Permit, None] = {}
        self._line = Line()
        self._stray = 0

    def acquire(self, call: Call, block: bool, timeout: float | None) -> object:
        if not block and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        if self._free:
            call.undo = self._grant(call.lane, call.now)
            return True
        if not block:
            return False
        return call.park(self._line, timeout, late=False)

    def release(self, call: Call, n: int) -> None:
        if n < 1:
            raise ValueError("n must be one or more")
        session = call.lane.session
        own = [permit for permit in self._taken if permit.lane.session is session]
        absorbed = min(max(n - len(own), 0), self._stray)
        self._refuse_too_many(n - absorbed)
        self._stray -= absorbed
        others = [permit for permit in self._taken if permit.lane.session is not session]
        for permit in (own + others)[: n - absorbed]:
            self._forget(permit)
        self._free += n - absorbed
        self._serve(call.now)

    def value(self) -> int:
        return self._free

    def size(self) -> int:
        return self._free

    def owners(self, now: float) -> list[OwnerFields]:
        return [permit.lane.owner(now - permit.since) for permit in self._taken]

    def waiters(self) -> int:
        return len(self._line)

    def abandon(self, session: Session, now: float) -> None:
        """Take back the permits of a session that is gone."""
        for permit in [each for each in self._taken if each.lane.session is session]:
            self._stray += 1
            self._take_back(permit, now)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the semaphore is being deleted."""
        self._line.fail_all(error)
        for permit in list(self._taken):
            self._forget(permit)

    def _refuse_too_many(self, n: int) -> None:
        """Refuse a release of `n` permits that were never there; a plain semaphore takes any."""

    def _grant(self, lane: Lane, now: float) -> Undo:
        permit = Permit(lane, now)
        self._free -= 1
        self._taken[permit] = None
        lane.session.stakes[self] = None

        def undo(now: float) -> None:
            given_up = permit if permit in self._taken else self._instead_of(permit)
            if given_up is not None:
                self._take_back(given_up, now)

        return undo

    def _instead_of(self, released: Permit) -> Permit | None:
        """Return another permit of the session whose own release took the one that was not its."""
        session = released.lane.session
        return next((each for each in self._taken if each.lane.session is session), None)

    def _take_back(self, permit: Permit, now: float) -> None:
        self._forget(permit)
        self._free += 1
        self._serve(now)

    def _forget(self, permit: Permit) -> None:
        session = permit.lane.session
        del self._taken[permit]
        if not any(each.lane.session is session for each in self._taken):
            session.stakes.pop(self, None)

    def _serve(self, now: float) -> None:
        while self._free and self._line:
            waiter = self._line.first()
            waiter.answer(True, self._grant(waiter.lane, now))
