"""Put an item into a queue and take it out again, in turn."""

from __future__ import annotations

from tests.performance.peers import Peer, Queues
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.peers.stdlib import StandardLibrary
from tests.performance.workloads.rate import Rate, Wanted, Way, blocking

WANTED = (
    Wanted(SharedState("TCP"), StandardLibrary("TCP"), 1.8),
    Wanted(SharedState("TCP"), Redis("TCP"), 2.0),
    Wanted(SharedState("Unix"), StandardLibrary("Unix"), 1.8),
    Wanted(SharedState("Unix"), Redis("Unix"), 2.0),
)


def way(peer: Peer) -> Way | None:
    return blocking(peer.put_and_get) if isinstance(peer, Queues) else None


WORKLOADS = (
    Rate("queue-1", "Queue put and get, 1 client", 1, way, StandardLibrary("TCP"), WANTED),
    Rate("queue-8", "Queue put and get, 8 clients", 8, way, StandardLibrary("TCP"), WANTED),
)
