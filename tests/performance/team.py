"""Client processes that work for exactly the same time, again and again.

A team is spawned once for a peer and a workload, connects, warms up, and then waits on its
pipes. A *window* is started by one byte string on every pipe, so that all begin together; each
process works until its own clock says that the time is over and reports what it did. Between
windows a team does nothing, so teams of different peers can take turns.
"""

from __future__ import annotations

import contextlib
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.performance.serving import SPAWN, STOP_TIMEOUT_S

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from tests.performance.peers import Operation

WARM_UP_S = 0.2
"""Long enough for the first pages, caches and specialised bytecode."""

Prepare = Callable[[], "Sequence[Operation]"]
"""Connects, in the client process, and returns the operations that it is to do in turn."""


@dataclass(frozen=True)
class Report:
    """What one client process did in one window."""

    latencies: array[float]  # seconds of each operation, in order
    seconds: float
    cpu_seconds: float


class Team:
    """The processes of one peer in one workload."""

    def __init__(self, pipes: Sequence[Connection]) -> None:
        self._pipes = pipes

    def work(self, seconds: float) -> list[Report]:
        """Have all of them work for one window."""
        for pipe in self._pipes:
            pipe.send(seconds)
        return [pipe.recv() for pipe in self._pipes]


@contextmanager
def team(size: int, prepare: Prepare) -> Iterator[Team]:
    """Spawn client processes and wait until each has connected and is warm."""
    pipes, processes = [], []
    for _ in range(size):
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=follow_orders, args=(theirs, prepare), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        for pipe in pipes:
            pipe.recv()
        yield Team(pipes)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join(STOP_TIMEOUT_S)
            process.kill()


def follow_orders(pipe: Connection, prepare: Prepare) -> None:
    """Work whenever the pipe says for how long, until it is closed."""
    operations = prepare()
    pipe.send(work(operations, WARM_UP_S))
    with contextlib.suppress(EOFError):
        while True:
            pipe.send(work(operations, pipe.recv()))


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
