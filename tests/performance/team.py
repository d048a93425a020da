"""Client processes that work for exactly the same time, again and again.

A team is spawned once for a peer and a workload, connects, warms up, and then waits on its
pipes. A *window* is started by one byte string on every pipe, so that all begin together; each
process works until its own clock says that the time is over and reports what it did. Between
windows a team does nothing, so teams of different peers can take turns.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.performance.serving import child

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from tests.performance.peers import Operation

CALL_INTERVAL_S = 0.01
"""Of a client that calls at a fixed rate: so seldom that it can be answered in between, however
busy the server is. A thousand times a second, a client whose calls take 2 ms would be another
second late after each second: by its own doing, and no matter what the server does."""

WARM_UP_S = 0.2
"""Long enough for the first pages, caches and specialised bytecode."""


@dataclass(frozen=True)
class Report:
    """What one client process did in one window."""

    latencies: array[float]  # seconds of each operation, in order
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Failure:
    """Why a client process could not do its work."""

    reason: str


Work = Callable[[float], Report]
"""Works for so many seconds and tells what was done."""

Prepare = Callable[[], Work]
"""Connects, in the client process, and returns the work that it is to do."""


class Team:
    """The processes of one peer in one workload."""

    def __init__(self, pipes: Sequence[Connection]) -> None:
        self._pipes = pipes

    def begin(self, seconds: float) -> None:
        """Have all of them work for one window."""
        for pipe in self._pipes:
            pipe.send(seconds)

    def end(self) -> list[Report]:
        """Wait until all have done their work.

        Raises:
            RuntimeError: one of them has failed.
        """
        return [report_from(pipe) for pipe in self._pipes]

    def work(self, seconds: float) -> list[Report]:
        """Have all of them work for one window, and wait for it."""
        self.begin(seconds)
        return self.end()


@contextmanager
def team(size: int, prepare: Prepare) -> Iterator[Team]:
    """Spawn client processes and wait until each has connected and is warm.

    Raises:
        RuntimeError: one of them has failed.
    """
    with ExitStack() as stack:
        pipes = [stack.enter_context(child(follow_orders, prepare))[1] for _ in range(size)]
        started = Team(pipes)
        started.end()
        yield started


def report_from(pipe: Connection) -> Report:
    try:
        answer = pipe.recv()
    except EOFError:
        raise RuntimeError("a client process ended early") from None
    if isinstance(answer, Failure):
        raise RuntimeError(answer.reason)
    assert isinstance(answer, Report)
    return answer


def follow_orders(pipe: Connection, prepare: Prepare) -> None:
    """Work whenever the pipe says for how long, until it is closed."""
    with contextlib.suppress(EOFError, BrokenPipeError):
        try:
            work = prepare()
            pipe.send(work(WARM_UP_S))
            while True:
                pipe.send(work(pipe.recv()))
        except EOFError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the table tells of it
            pipe.send(Failure(f"{type(error).__name__}: {error}"))


def in_turn(connect: Callable[[Any], Sequence[Operation]], address: Any) -> Work:
    """Do the operations of a blocking client one after the other."""
    return functools.partial(work, connect(address))


def work(operations: Sequence[Operation], seconds: float) -> Report:
    """Do the operations in turn until the time is over.

    The loop adds 0.1 µs to each operation, the same for every peer.
    """
    latencies: array[float] = array("d")
    clock = time.perf_counter
    cpu_seconds = time.process_time()
    begin = last = clock()
    deadline = begin + seconds
    while last < deadline:
        for operation in operations:
            operation()
            now = clock()
            latencies.append(now - last)
            last = now
    return Report(latencies, last - begin, time.process_time() - cpu_seconds)


def at_a_fixed_rate(connect: Callable[[Any], Sequence[Operation]], address: Any) -> Work:
    """Do the operations of a blocking client one after the other, each when it is due."""
    return functools.partial(work_when_due, connect(address))


def work_when_due(operations: Sequence[Operation], seconds: float) -> Report:
    """Do the operations that are due in this time; each latency is from when its call was due.

    Who waits for one answer before asking again would take a stop of a second for one slow call:
    here it is late for the hundred calls that were due meanwhile.
    """
    latencies: array[float] = array("d")
    cpu_seconds = time.process_time()
    begin = time.perf_counter()
    numbers = range(round(seconds / CALL_INTERVAL_S))
    for number, operation in zip(numbers, itertools.cycle(operations), strict=False):
        due = begin + number * CALL_INTERVAL_S
        early = due - time.perf_counter()
        if early > 0:
            time.sleep(early)
        operation()
        latencies.append(time.perf_counter() - due)
    return Report(latencies, time.perf_counter() - begin, time.process_time() - cpu_seconds)
