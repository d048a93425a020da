"""An event in memory: a flag and those who wait for it."""

from __future__ import annotations

from ..waiting import Call, Line

__all__ = ["Event"]


class Event:
    """Keeps the contract `shared_state_protocol.objects.Event`."""

    def __init__(self) -> None:
        self._flag = False
        self._line = Line()

    def is_set(self) -> bool:
        return self._flag

    def set(self) -> None:
        self._flag = True
        for waiter in list(self._line):
            waiter.answer(True)

    def clear(self) -> None:
        self._flag = False

    def wait(self, call: Call, timeout: float | None) -> object:
        return True if self._flag else call.park(self._line, timeout, late=False)

    def size(self) -> int:
        return int(self._flag)

    def waiters(self) -> int:
        return len(self._line)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the event is being deleted."""
        self._line.fail_all(error)
