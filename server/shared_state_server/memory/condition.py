"""A condition in memory: the lock it works on, and those who sleep until they are notified.

A sleeper that is woken, or whose time is over, goes into the line of the lock, and is answered when
it has the lock again. One that is gone before its answer arrived passes its wake-up on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from ..session import OwnerFields, Session
from ..waiting import PARKED, Call, Line, Waiter
from .holding import Claim, Exclusive
from .lock import Lock
from .rlock import RLock

__all__ = ["Condition"]


class Condition(RLock):
    """Keeps the contract `shared_state_protocol.objects.Condition`."""

    def __init__(self, lock: str | None = None, *, find: Callable[[str], Any]) -> None:
        super().__init__()
        self._lock: Lock | RLock = self if lock is None else _lock_named(lock, find)
        self._sleepers = Line()
        # How deep the lock was taken by agents whose wait was given up: `resume` needs to know.
        self._depths: WeakKeyDictionary[Session, dict[int, int]] = WeakKeyDictionary()

    def acquire(self, call: Call, block: bool, timeout: float | None, agent: int) -> object:
        if self._lock is self:
            return super().acquire(call, block, timeout, agent)
        if isinstance(self._lock, RLock):
            return self._lock.acquire(call, block, timeout, agent)
        return self._lock.acquire(call, block, timeout)

    def release(self, call: Call, agent: int) -> None:
        if self._lock is self:
            super().release(call, agent)
        elif isinstance(self._lock, RLock):
            self._lock.release(call, agent)
        else:
            self._lock.release(call)

    def locked(self) -> bool:
        return Exclusive.locked(self._lock)

    def owners(self, now: float) -> list[OwnerFields]:
        return Exclusive.owners(self._lock, now)

    def wait(self, call: Call, timeout: float | None, agent: int) -> object:
        self._refuse_outsider(call, agent, "wait on")
        depth = self._lock.give_up(call.now)
        return call.park(
            self._sleepers,
            timeout,
            late=partial(self._wake, result=False),
            want=Claim(agent, depth),
            gone=self._gone,
        )

    def notify(self, call: Call, n: int, agent: int) -> None:
        self._refuse_outsider(call, agent, "notify on")
        for _ in range(min(n, len(self._sleepers))):
            self._wake(self._sleepers.first(), call.now, result=True)

    def notify_all(self, call: Call, agent: int) -> None:
        self.notify(call, len(self._sleepers), agent)

    def resume(self, call: Call, agent: int) -> object:
        depth = self._depths.get(call.lane.session, {}).pop(agent, 1)
        call.park(self._sleepers, None, late=None)
        waiter = call.lane.waiters[call.number]
        self._lock.take_back(waiter, Claim(agent, depth), call.now)
        return PARKED

    def size(self) -> int:
        return len(self._sleepers)

    def waiters(self) -> int:
        return len(self._sleepers) + len(self._line)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the condition is being deleted."""
        self._sleepers.fail_all(error)
        super().fail_all(error)

    def _wake(self, waiter: Waiter, now: float, *, result: bool) -> None:
        """Have a sleeper take the lock again, and tell it `result`."""
        claim: Claim = waiter.want
        undone = partial(self._lost, waiter, result)
        self._lock.take_back(waiter, claim._replace(result=result, undone=undone), now)

    def _gone(self, waiter: Waiter, now: float) -> None:
        """Take note that a waiter was withdrawn, asleep or already in the line of the lock."""
        claim: Claim = waiter.want
        self._lost(waiter, claim.undone is not None and claim.result, now)

    def _lost(self, waiter: Waiter, was_notified: bool, now: float) -> None:
        claim: Claim = waiter.want
        self._depths.setdefault(waiter.lane.session, {})[claim.agent] = claim.depth
        if was_notified and self._sleepers:
            self._wake(self._sleepers.first(), now, result=True)

    def _refuse_outsider(self, call: Call, agent: int, action: str) -> None:
        if not self._lock.is_held_by(call, agent):
            raise RuntimeError(f"cannot {action} un-acquired lock")


def _lock_named(name: str, find: Callable[[str], Any]) -> Lock | RLock:
    found = find(name)
    if not isinstance(found, (Lock, RLock)):
        raise TypeError(f"a condition works on a lock or an rlock, and {name!r} is neither")
    return found
