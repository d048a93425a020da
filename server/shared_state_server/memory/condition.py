"""A condition in memory: the lock it works on, and those who sleep until they are notified.

A sleeper that is woken, or whose time is over, goes into the line of the lock, and is answered when
it has the lock again. One that is gone before its answer arrived passes its wake-up on.

A wait that was given up leaves a note of how deep its caller had the lock, and `resume` takes it
again. So does the same wait when it is asked for once more because its connection broke: nobody
knows what it missed, so it is woken. The note is void once the caller has the lock in another way,
or waits anew.

A condition whose lock is deleted is of no use any more, until it is deleted too and made anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from shared_state_protocol.errors import ObjectNotFound

from ..session import Session
from ..waiting import PARKED, Call, Line, Waiter
from .exclusive import Exclusive
from .holder import Holder, Want
from .lock import Lock
from .rlock import RLock

__all__ = ["Condition"]


class GivenUp(NamedTuple):
    """A wait that was given up: the numbers of its lane and request, and how deep the lock was."""

    lane: int
    number: int
    depth: int


class Condition(RLock):
    """Keeps the contract `shared_state_protocol.objects.Condition`."""

    def __init__(self, lock: str | None = None, *, find: Callable[[str], Any]) -> None:
        super().__init__()
        self._lock: Lock | RLock = self
        if lock is not None:
            self._lock = _lock_named(lock, find)
            self._lock.take_along(self)
        self._is_deleted = False
        self._sleepers = Line()
        # By agent. No lane in it: that has its session, and no entry would ever go.
        self._given_up: WeakKeyDictionary[Session, dict[int, GivenUp]] = WeakKeyDictionary()

    def acquire(self, call: Call, blocking: bool, timeout: float | None, agent: int) -> object:
        self._refuse_without_lock()
        if self._lock is self:
            return super().acquire(call, blocking, timeout, agent)
        return self._lock.acquire(call, blocking, timeout, agent)

    def release(self, call: Call, agent: int) -> None:
        self._refuse_without_lock()
        if self._lock is self:
            super().release(call, agent)
        elif isinstance(self._lock, RLock):
            self._lock.release(call, agent)
        else:
            self._lock.release(call)

    def locked(self) -> bool:
        return Exclusive.locked(self._lock)

    def holders(self) -> list[Holder]:
        return Exclusive.holders(self._lock)

    def holder_of(self, token: int) -> Holder | None:
        return Exclusive.holder_of(self._lock, token)

    def lined_up(self) -> list[Waiter]:
        return [*self._sleepers, *self._line]

    def wait(self, call: Call, timeout: float | None, agent: int) -> object:
        self._refuse_without_lock()
        given_up = self._take_note(call, agent)
        if given_up is not None and given_up[:2] == (call.lane.number, call.number):
            return self._resume(call, agent, given_up.depth, woken=True)
        self._refuse_outsider(call, agent, "wait on")
        call.park(
            self._sleepers,
            timeout,
            late=partial(self._wake, woken=False),
            want=Want(agent, Exclusive.size(self._lock)),
            gone=self._gone,
        )
        self._lock.give_up(call.now)  # not before: a timeout that is refused leaves it as it is
        return PARKED

    def notify(self, call: Call, n: int, agent: int) -> None:
        self._refuse_without_lock()
        self._refuse_outsider(call, agent, "notify on")
        for _ in range(min(n, len(self._sleepers))):
            self._notify_first(call.now)

    def notify_all(self, call: Call, agent: int) -> None:
        self.notify(call, len(self._sleepers), agent)

    def resume(self, call: Call, agent: int) -> object:
        self._refuse_without_lock()
        given_up = self._take_note(call, agent)
        if given_up is None or Exclusive.is_held_by(self._lock, call, agent):
            return None  # the wait never began, or was over: the caller has the lock
        return self._resume(call, agent, given_up.depth, woken=None)

    def _resume(self, call: Call, agent: int, depth: int, *, woken: bool | None) -> object:
        want = Want(agent, depth)
        call.park(self._sleepers, None, late=None, want=want, gone=self._gone)
        self._wake(call.lane.waiters[call.number], call.now, woken=woken)
        return PARKED

    def size(self) -> int:
        return len(self._sleepers)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits, and who comes: the condition is being deleted, or its lock."""
        self._is_deleted = True
        self._sleepers.fail_all(error)
        super().fail_all(error)

    def _notify_first(self, now: float) -> None:
        """Wake who sleeps longest; if its answer does not arrive, the next."""
        self._wake(self._sleepers.first(), now, woken=True, passes_on=True)

    def _wake(
        self, waiter: Waiter, now: float, *, woken: bool | None, passes_on: bool = False
    ) -> None:
        """Have a sleeper take the lock again, and tell it whether it was `woken`."""
        want: Want = waiter.want
        undone = partial(self._lost, waiter, passes_on)
        self._lock.take_back(waiter, want._replace(woken=woken, undone=undone), now)

    def _gone(self, waiter: Waiter, now: float) -> None:
        """Take note that a waiter was withdrawn, asleep or already in the line of the lock."""
        want: Want = waiter.want
        if want.undone is not None:
            want.undone(now)
        else:
            self._lost(waiter, False, now)

    def _lost(self, waiter: Waiter, passes_on: bool, now: float) -> None:
        want: Want = waiter.want
        lane = waiter.lane
        given_up = GivenUp(lane.number, waiter.number, want.depth)
        self._given_up.setdefault(lane.session, {})[want.agent] = given_up
        if passes_on and self._sleepers:
            self._notify_first(now)

    def _take_note(self, call: Call, agent: int) -> GivenUp | None:
        """Return what is noted of the caller, and note it no more."""
        return self._given_up.get(call.lane.session, {}).pop(agent, None)

    def _refuse_without_lock(self) -> None:
        if self._is_deleted:
            raise ObjectNotFound(
                f"the lock of the condition {self.name!r} was deleted: delete the condition, too"
            )

    def _refuse_outsider(self, call: Call, agent: int, action: str) -> None:
        if not self._lock.is_held_by(call, agent):
            raise RuntimeError(f"cannot {action} un-acquired lock")


def _lock_named(name: str, find: Callable[[str], Any]) -> Lock | RLock:
    found = find(name)
    if not isinstance(found, (Lock, RLock)) or isinstance(found, Condition):
        raise TypeError(f"a condition works on a lock or an rlock, and {name!r} is neither")
    return found
