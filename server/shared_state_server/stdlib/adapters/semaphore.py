"""`threading.Semaphore` and `threading.BoundedSemaphore`."""

from __future__ import annotations

from ...memory.bounded_semaphore import BoundedSemaphore
from ...memory.semaphore import Semaphore
from ...waiting import Call
from .adapter import Adapter, convert_result
from .lock import is_granted

__all__ = ["BoundedSemaphoreAdapter", "SemaphoreAdapter"]


class SemaphoreAdapter(Adapter):
    """Permits."""

    exposed = frozenset({"acquire", "release", "__enter__", "__exit__"})

    def __init__(self, value: int = 1) -> None:
        self.behaviour = Semaphore(value)

    def acquire(self, call: Call, blocking: bool = True, timeout: float | None = None) -> object:
        convert_result(call, is_granted)
        return self.behaviour.acquire(call, bool(blocking), timeout)

    def release(self, call: Call, n: int = 1) -> None:
        # Not `release`: a session of this side may end and go on, with another of its threads.
        self.behaviour.give_back(call, n)

    special_enter = acquire

    def special_exit(self, call: Call, *exc_info: object) -> None:
        self.release(call)


class BoundedSemaphoreAdapter(SemaphoreAdapter):
    """Permits, never more than at first."""

    def __init__(self, value: int = 1) -> None:
        self.behaviour = BoundedSemaphore(value)
