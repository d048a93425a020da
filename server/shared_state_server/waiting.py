"""Waiting: a request that cannot be answered yet is data in a list, never a thread.

A behaviour parks a `Call` in one of its `Line`s and returns `PARKED`. Later one of four things
happens to the `Waiter`, and only one: it is answered, it fails, its deadline passes, or it is
withdrawn because its client cancelled or died. In each case it leaves its line, its lane and the
deadlines at once, so a line holds the living only.

A result that is nowhere else any more (an item taken from a queue) is given with an `undo`, which
is called if its delivery turns out to have failed.
"""

from __future__ import annotations

import heapq
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .lane import Lane
    from .memory.holder import Holder

__all__ = ["MAX_TIMEOUT_S", "PARKED", "Call", "Deadlines", "Line", "Undo", "Waiter"]

Undo = Callable[[float], None]
"""Called with the time, in monotonic seconds."""

PARKED: Any = object()
"""What a behaviour returns when the answer comes later."""

MAX_TIMEOUT_S = 2.0**34
"""Some 540 years: more than `threading.TIMEOUT_MAX`, which means for ever in many programs. A
timeout that is no point in time would stand before all other deadlines for ever."""


class Call:
    """One command being carried out: who asks, and when. `now` is in monotonic seconds.

    `guard` is who holds the lock that guards it, if it came with a fence.
    """

    __slots__ = ("guard", "lane", "now", "number", "undo")

    def __init__(self, lane: Lane, number: int, now: float, guard: Holder | None = None) -> None:
        self.lane = lane
        self.number = number
        self.now = now
        self.guard = guard
        self.undo: Undo | None = None

    def park(
        self,
        line: Line,
        timeout: float | None,
        late: Any,
        want: Any = None,
        gone: Callable[[Waiter, float], None] | None = None,
    ) -> Any:
        """Wait in `line` for up to `timeout` seconds.

        Once the time is over, `late` is the result, or the exception, or a function that decides
        about the waiter. `want` is whatever the behaviour has to know when it serves the waiter;
        `gone` is called if the waiter is withdrawn.

        Raises:
            ValueError, OverflowError: no clock will ever show that time; nobody is parked.
            LimitExceeded: too many requests of the lane wait.
        """
        _check_timeout(timeout)
        self.lane.check_room()
        waiter = Waiter(self.lane, self.number, self.now, line, late, want, gone)
        if timeout is not None:
            waiter.deadline = self.now + max(timeout, 0.0)
            self.lane.deadlines.add(waiter)
        line.add(waiter)
        self.lane.waiters[self.number] = waiter
        return PARKED


def _check_timeout(timeout: float | None) -> None:
    if timeout is None:
        return
    if math.isnan(timeout):
        raise ValueError("a timeout is a number of seconds, not NaN")
    if timeout > MAX_TIMEOUT_S:
        raise OverflowError(f"a timeout is at most {MAX_TIMEOUT_S:g} seconds; None is for ever")


class Waiter:
    """A parked request, and since when it is (monotonic seconds)."""

    __slots__ = ("deadline", "gone", "lane", "late", "line", "number", "since", "want")

    def __init__(
        self,
        lane: Lane,
        number: int,
        since: float,
        line: Line,
        late: Any,
        want: Any,
        gone: Callable[[Waiter, float], None] | None,
    ) -> None:
        self.lane = lane
        self.number = number
        self.since = since
        self.line: Line | None = line
        self.late = late
        self.want = want
        self.deadline: float | None = None
        self.gone = gone

    def answer(self, result: Any, undo: Undo | None = None) -> None:
        """Leave the line with a result."""
        self._leave()
        self.lane.answer(self.number, result, undo)

    def fail(self, error: Exception) -> None:
        """Leave the line with an exception."""
        self._leave()
        self.lane.fail(self.number, error)

    def refuse(self, error: Exception) -> None:
        """Leave the line with an exception, before its turn."""
        line = self.line
        self.fail(error)
        if line is not None:
            line.moved_up()

    def expire(self, now: float) -> None:
        """Leave the line because the time is over."""
        line = self.line
        if isinstance(self.late, Exception):
            self.fail(self.late)
        elif callable(self.late):
            self.late(self, now)
        else:
            self.answer(self.late)
        if line is not None:
            line.moved_up()

    def move(self, line: Line, want: Any) -> None:
        """Go to the end of another line."""
        if self.line is not None:
            self.line.remove(self)
        self.line, self.want = line, want
        line.add(self)

    def wait_for_ever(self) -> None:
        """Have no deadline any more."""
        if self.deadline is not None:
            self.deadline = None
            self.lane.deadlines.discard()

    def withdraw(self, now: float) -> None:
        """Leave the line without a word."""
        line = self.line
        self._leave()
        if self.gone is not None:
            self.gone(self, now)
        if line is not None:
            line.moved_up()

    def _leave(self) -> None:
        if self.line is not None:
            self.line.remove(self)
            self.line = None
        self.lane.waiters.pop(self.number, None)
        self.wait_for_ever()


class Line(OrderedDict["Waiter", None]):
    """Waiters, first come first served.

    O(1) at both ends and in the middle, where a plain dict is O(n) at its front; and whether there
    is anybody, which each command asks, is no call of a method (1,000 instructions).
    `moved_up` is called when one has left that was not served: the next may be served now.
    """

    __slots__ = ("moved_up",)

    def __init__(self, moved_up: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.moved_up = moved_up

    def add(self, waiter: Waiter) -> None:
        """Put `waiter` at the end."""
        self[waiter] = None

    def remove(self, waiter: Waiter) -> None:
        """Take `waiter` out, wherever it stands."""
        self.pop(waiter, None)

    def first(self) -> Waiter:
        """Return who waits longest."""
        return next(iter(self))

    def fail_all(self, error: Exception) -> None:
        """Fail everybody who waits now."""
        for waiter in list(self):
            waiter.fail(error)


class Deadlines:
    """The waiters whose time will be over, soonest first.

    A waiter that leaves early stays in the heap until half of the heap is such; then it is made
    anew. So a million short waits with long timeouts cost no memory. `alarm` is told of a deadline
    that is sooner than all others.
    """

    __slots__ = ("_alarm", "_gone", "_heap", "_order")

    MIN_GONE = 64
    """Below this many the heap is not worth making anew."""

    def __init__(self, alarm: Callable[[float], None]) -> None:
        self._alarm = alarm
        self._heap: list[tuple[float, int, Waiter]] = []
        self._order = 0
        self._gone = 0

    def add(self, waiter: Waiter) -> None:
        """Watch the deadline of `waiter`."""
        assert waiter.deadline is not None
        self._order += 1
        heapq.heappush(self._heap, (waiter.deadline, self._order, waiter))
        if self._heap[0][2] is waiter:
            self._alarm(waiter.deadline)

    def discard(self) -> None:
        """Say that some waiter has left, and so has no deadline any more."""
        self._gone += 1
        if self._gone > max(self.MIN_GONE, len(self._heap) // 2):
            self._heap = [entry for entry in self._heap if entry[2].deadline is not None]
            heapq.heapify(self._heap)
            self._gone = 0

    def next(self) -> float | None:
        """Return the soonest deadline, or None."""
        while self._heap and self._heap[0][2].deadline is None:
            heapq.heappop(self._heap)
            self._gone = max(self._gone - 1, 0)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[Waiter]:
        """Yield the waiters whose time is over at `now`; each is to leave before the next."""
        while (soonest := self.next()) is not None and soonest <= now:
            yield self._heap[0][2]
