"""Many requests, half of them set and half get, written at once."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tests.performance.peers import Batches, Peer
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.workloads.rate import Rate, Wanted, Way, blocking

A_HUNDRED = (
    Wanted(SharedState("TCP"), Redis("TCP"), 2.5),
    Wanted(SharedState("Unix"), Redis("Unix"), 2.5),
)


def way(size: int, peer: Peer) -> Way | None:
    if not isinstance(peer, Batches):
        return None
    return blocking(functools.partial(peer.batch, size=size))


def batch(size: int, wanted: Sequence[Wanted] = ()) -> Rate:
    return Rate(
        name=f"batch-{size}",
        title=f"{size:,} requests in a batch, 1 client",
        clients=1,
        way=functools.partial(way, size),
        reference=Redis("TCP"),
        wanted=wanted,
        operations_per_call=size,
    )


WORKLOADS = (batch(100, A_HUNDRED), batch(1000))
