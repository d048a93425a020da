"""`threading.Condition`, on a lock of its own or on one that a proxy stands for."""

from __future__ import annotations

from typing import Any

from ...memory.condition import Condition
from ...waiting import Call
from ..local import LocalProxy, local_object
from .adapter import Adapter, convert_result
from .lock import LockAdapter, RLockAdapter, agent_of, is_granted

__all__ = ["ConditionAdapter"]


class ConditionAdapter(Adapter):
    """A lock, and those who wait to be notified."""

    exposed = frozenset(
        {"acquire", "release", "locked", "wait", "notify", "notify_all", "__enter__", "__exit__"}
    )

    def __init__(self, lock: Any = None) -> None:
        self._lock = _lock_of(lock)  # kept, since a condition knows its lock by a name only
        name = None if lock is None else "lock"
        self.behaviour = Condition(name, find=self._found)

    def _found(self, *_: str) -> Any:
        return self._lock.behaviour

    def acquire(self, call: Call, blocking: bool = True, timeout: float | None = -1) -> object:
        convert_result(call, is_granted)
        return self.behaviour.acquire(call, bool(blocking), timeout, agent_of(call))

    def release(self, call: Call) -> None:
        self.behaviour.release(call, agent_of(call))

    def locked(self, call: Call) -> Any:
        return self.behaviour.locked()

    def wait(self, call: Call, timeout: float | None = None) -> object:
        convert_result(call, _was_woken)
        return self.behaviour.wait(call, timeout, agent_of(call))

    def notify(self, call: Call, n: int = 1) -> None:
        self.behaviour.notify(call, n, agent_of(call))

    def notify_all(self, call: Call) -> None:
        self.behaviour.notify_all(call, agent_of(call))

    special_enter = acquire

    def special_exit(self, call: Call, *exc_info: object) -> None:
        self.release(call)


def _was_woken(result: Any) -> bool:
    """Return whether it was a notification that ended a wait; the lock is granted in any case."""
    return bool(result[0])


def _lock_of(lock: Any) -> Any:
    """Return the adapter that a proxy, an argument of the client, stands for."""
    if lock is None:
        return None
    found = local_object(lock) if isinstance(lock, LocalProxy) else lock
    if not isinstance(found, (LockAdapter, RLockAdapter)):
        raise TypeError(f"a condition works on a Lock or an RLock, not on {lock!r}")
    return found
