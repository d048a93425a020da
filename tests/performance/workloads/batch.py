"""A hundred requests, half of them set and half get, written at once."""

from __future__ import annotations

import functools

from tests.performance.peers import Batches, Peer
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.workloads.rate import Rate, Wanted, Way

SIZE = 100


def way(peer: Peer) -> Way | None:
    return functools.partial(peer.batch, size=SIZE) if isinstance(peer, Batches) else None


BATCH = Rate(
    name="batch-100",
    title=f"{SIZE} requests in a batch, 1 client",
    clients=1,
    operations_per_call=SIZE,
    way=way,
    reference=Redis("TCP"),
    wanted=(
        Wanted(SharedState("TCP"), Redis("TCP"), 2.0),
        Wanted(SharedState("Unix"), Redis("Unix"), 2.0),
    ),
)
