"""Two hundred tasks of one process, each with one request in flight: set and get in turn."""

from __future__ import annotations

import functools

from tests.performance.peers import Peer, SetsAndGetsInTasks
from tests.performance.peers.redis_asyncio import RedisAsyncio
from tests.performance.peers.shared_state import SharedState
from tests.performance.tasks import in_flight
from tests.performance.workloads.rate import Rate, Wanted, Way

TASKS = 200


def way(peer: Peer) -> Way | None:
    if not isinstance(peer, SetsAndGetsInTasks):
        return None
    return functools.partial(in_flight, peer.set_and_get_in_tasks, TASKS)


ASYNC_TASKS = Rate(
    name=f"async-{TASKS}",
    title=f"Set and get, {TASKS} async tasks of 1 process",
    clients=1,
    way=way,
    reference=RedisAsyncio("TCP"),
    wanted=(
        Wanted(SharedState("TCP"), RedisAsyncio("TCP"), 3.0),
        Wanted(SharedState("Unix"), RedisAsyncio("Unix"), 3.0),
    ),
)
