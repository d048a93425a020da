"""`threading.Lock` and `threading.RLock`."""

from __future__ import annotations

from typing import Any

from ...memory.lock import Lock
from ...memory.rlock import RLock
from ...waiting import Call
from ..lane import StdlibLane
from .adapter import Adapter, convert_result

__all__ = ["LockAdapter", "RLockAdapter", "agent_of", "is_granted"]


def is_granted(result: Any) -> bool:
    """Return whether what a behaviour tells who wants to acquire is a grant."""
    return result is not None


def agent_of(call: Call) -> int:
    """Return the thread that calls."""
    lane = call.lane
    return lane.agent if isinstance(lane, StdlibLane) else 0


class LockAdapter(Adapter):
    """A lock that anybody may release."""

    exposed = frozenset({"acquire", "release", "locked", "__enter__", "__exit__"})
    kind = "lock"

    def __init__(self) -> None:
        self.behaviour = Lock()

    def acquire(self, call: Call, blocking: bool = True, timeout: float | None = -1) -> object:
        convert_result(call, is_granted)
        return self.behaviour.acquire(call, bool(blocking), timeout, agent_of(call))

    def release(self, call: Call) -> None:
        self.behaviour.release(call)

    def locked(self, call: Call) -> Any:
        return self.behaviour.locked()

    special_enter = acquire

    def special_exit(self, call: Call, *exc_info: object) -> None:
        self.release(call)

    def __repr__(self) -> str:
        state = "locked" if self.behaviour.locked() else "unlocked"
        return f"<{state} _thread.{self.kind} object at {id(self):#x}>"


class RLockAdapter(LockAdapter):
    """A lock that its thread may take again, and nobody else release."""

    kind = "RLock"

    def __init__(self) -> None:
        self.behaviour = RLock()

    def release(self, call: Call) -> None:
        self.behaviour.release(call, agent_of(call))
