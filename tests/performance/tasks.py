"""Many tasks of one process that work at the same time, each doing its operations in turn.

They run on asyncio's own loop, as `asyncio.run` gives it to everybody.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from tests.performance.team import Report, Work

if TYPE_CHECKING:
    from tests.performance.peers import AsyncOperation

Connect = Callable[[Any, int], Awaitable["Sequence[AsyncOperation]"]]


def in_flight(connect: Connect, tasks: int, address: Any) -> Work:
    """Have so many tasks of this process do the operations of an async client."""
    loop = asyncio.new_event_loop()

    async def prepare() -> Sequence[AsyncOperation]:
        return await connect(address, tasks)

    operations = loop.run_until_complete(prepare())
    return lambda seconds: loop.run_until_complete(work(operations, tasks, seconds))


async def work(operations: Sequence[AsyncOperation], tasks: int, seconds: float) -> Report:
    """Do the operations in every task until the time is over."""
    latencies: array[float] = array("d")
    cpu_seconds = time.process_time()
    begin = time.perf_counter()
    await asyncio.gather(*(one_task(operations, begin + seconds, latencies) for _ in range(tasks)))
    return Report(latencies, time.perf_counter() - begin, time.process_time() - cpu_seconds)


async def one_task(
    operations: Sequence[AsyncOperation], deadline: float, latencies: array[float]
) -> None:
    """At least one turn, so that there is something to report."""
    clock = time.perf_counter
    last = clock()
    while True:
        for operation in operations:
            await operation()
            now = clock()
            latencies.append(now - last)
            last = now
        if last >= deadline:
            return
