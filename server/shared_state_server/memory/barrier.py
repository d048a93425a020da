"""A barrier in memory: the parties that have arrived, and whether it is broken.

Parties come through `_early` into `_arrived`, one after the other, unless somebody is acting: then
they wait for the next round. A party's session has a stake from its arrival on. If the session ends
before the barrier lets the party go, the others wait for somebody who never comes, so the barrier
breaks; one that only cancels its wait takes its place back. One whose connection broke is away: it
may ask again, and is waited for until it cancels instead, or the next round.
"""

from __future__ import annotations

from functools import partial
from threading import BrokenBarrierError

from ..lane import Lane
from ..session import Session
from ..waiting import PARKED, Call, Line, Waiter

__all__ = ["Barrier"]


class Barrier:
    """Keeps the contract `shared_state_protocol.objects.Barrier`."""

    def __init__(self, parties: int, timeout: float | None = None) -> None:
        if parties < 1:
            raise ValueError("parties must be > 0")
        self._parties = parties
        self._timeout = timeout
        self._early = Line()
        self._arrived = Line()
        self._sessions: set[Session] = set()
        self._acting: Waiter | None = None
        self._away: set[tuple[Lane, int]] = set()  # and the number of the request
        self._is_broken = False

    def arrive(self, call: Call, timeout: float | None, acts: bool) -> object:
        if self._is_broken:
            raise BrokenBarrierError
        session = call.lane.session
        wait = self._timeout if timeout is None else timeout
        call.park(self._early, wait, late=self._time_is_over, want=acts, gone=self._left)
        session.stakes[self] = None
        self._sessions.add(session)
        self._admit()
        return PARKED

    def pass_all(self, call: Call) -> None:
        if self._acting is None or self._acting.lane.session is not call.lane.session:
            raise BrokenBarrierError
        self._let_go()
        self._admit()

    def reset(self) -> None:
        self._fail_all(BrokenBarrierError())
        self._is_broken = False

    def abort(self) -> None:
        self._is_broken = True
        self._fail_all(BrokenBarrierError())

    def parties(self) -> int:
        return self._parties

    def n_waiting(self) -> int:
        return len(self._arrived)

    def broken(self) -> bool:
        return self._is_broken

    def size(self) -> int:
        return len(self._arrived)

    def waiters(self) -> int:
        return len(self._arrived) + len(self._early)

    def abandon(self, session: Session, now: float) -> None:
        """Break, if a party is gone that the others wait for."""
        if session in self._awaited():
            self.abort()
        self._end_stake(session)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the barrier is being deleted."""
        self._fail_all(error)

    def _admit(self) -> None:
        """Let those in who came early, until a round is complete whose last party has to act."""
        while self._early and self._acting is None:
            waiter, index = self._early.first(), len(self._arrived)
            acts: bool = waiter.want
            waiter.move(self._arrived, want=None)
            if index + 1 < self._parties:
                continue
            if acts:
                self._acting = waiter
                waiter.answer((index, True), partial(self._never_acts, waiter))
            else:
                self._let_go()

    def _never_acts(self, waiter: Waiter, now: float) -> None:
        """Wait for another party: the last one gave up before it knew that it was to act."""
        if self._acting is waiter:
            self._acting = None
            self._left(waiter, now)
            self._admit()

    def _let_go(self) -> None:
        for index, waiter in enumerate(list(self._arrived)):
            waiter.answer((index, False))
        self._settle()

    def _fail_all(self, error: Exception) -> None:
        self._arrived.fail_all(error)
        self._early.fail_all(error)
        self._settle()

    def _settle(self) -> None:
        """Keep the stakes of those who still wait, and end those of the others."""
        self._acting = None
        self._away.clear()
        for session in self._sessions - self._awaited():
            self._end_stake(session)

    def _awaited(self) -> set[Session]:
        """Return the sessions of all parties: those who wait, who acts, and those who are away."""
        waiters = [*self._arrived, *self._early]
        if self._acting is not None:
            waiters.append(self._acting)
        away = {lane.session for lane, number in self._away if number in lane.withdrawn}
        return away.union(waiter.lane.session for waiter in waiters)

    def _end_stake(self, session: Session) -> None:
        session.stakes.pop(self, None)
        self._sessions.discard(session)

    def _time_is_over(self, waiter: Waiter, now: float) -> None:
        self.abort()

    def _left(self, waiter: Waiter, now: float) -> None:
        """Note a party that is away, or end the stake of one that took its place back.

        Those behind it have no numbers yet: they are counted when all may go.
        """
        lane = waiter.lane
        if waiter.number in lane.withdrawn:
            self._away.add((lane, waiter.number))
        elif lane.session not in self._awaited():
            self._end_stake(lane.session)
