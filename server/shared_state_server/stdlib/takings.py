"""Takings: what clients take from the queues and locks that a program has registered itself.

Such an object stays the program's own, since the program may use it beside us, so it knows nothing
of who waits and who holds. What is known here is enough for this: what a client has taken that was
gone before it heard so goes back, and what a client holds when it ends is released for it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from ..session import Session

__all__ = [
    "Holders",
    "Undo",
    "is_acquired",
    "is_released",
    "is_taken",
    "is_taken_from",
    "put_back",
]

_LOCKS: tuple[type, ...] = (
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Semaphore,
    threading.BoundedSemaphore,
)
_QUEUES: tuple[type, ...] = (queue.Queue, queue.LifoQueue, queue.PriorityQueue)

Undo = Callable[[], None]


def is_taken_from(obj: Any) -> bool:
    """Return whether an object is one whose takings are noted; not of a subclass, of any kind."""
    return type(obj) in _LOCKS or type(obj) in _QUEUES


def is_acquired(obj: Any, method: str, result: Any) -> bool:
    """Return whether a call has taken a lock or a permit."""
    return type(obj) in _LOCKS and method in {"acquire", "__enter__"} and result is True


def is_released(obj: Any, method: str) -> bool:
    """Return whether a call that succeeded has given one back."""
    return type(obj) in _LOCKS and method in {"release", "__exit__"}


def is_taken(obj: Any, method: str) -> bool:
    """Return whether a call that succeeded has taken an item out of a queue."""
    return type(obj) in _QUEUES and method in {"get", "get_nowait"}


def put_back(items: Any, item: Any) -> None:
    """Have an item be the next again; it was never done, so it is not counted anew."""
    with items.mutex:
        if type(items) is queue.Queue:
            items.queue.appendleft(item)
        else:
            items._put(item)
        items.not_empty.notify()


class Holders:
    """Which sessions hold one lock or semaphore: a stake of theirs."""

    __slots__ = ("_mutex", "_obj", "_sessions")

    def __init__(self, obj: Any) -> None:
        self._obj = obj
        self._sessions: list[Session] = []
        self._mutex = threading.Lock()

    def add(self, session: Session) -> None:
        """Take note that a session has taken it."""
        with self._mutex:
            self._sessions.append(session)
            session.stakes[self] = None

    def remove(self, session: Session) -> None:
        """Take note of a release: of one's own, or in the name of whoever has it longest."""
        with self._mutex:
            if self._sessions:
                self._forget(session if session in self._sessions else self._sessions[0])

    def undo(self, session: Session) -> None:
        """Release it for a session that has not heard that it has it."""
        with self._mutex:
            is_held = session in self._sessions
            if is_held:
                self._forget(session)
        if is_held:
            self._obj.release()

    def abandon(self, session: Session, now: float) -> None:
        """Release it for a session that is gone, as often as that had it."""
        with self._mutex:
            count = self._sessions.count(session)
            for _ in range(count):
                self._forget(session)
        for _ in range(count):
            self._obj.release()

    def _forget(self, session: Session) -> None:
        self._sessions.remove(session)
        if session not in self._sessions:
            session.stakes.pop(self, None)
