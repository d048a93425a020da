"""Set and get one small value in a shared mapping, in turn: what a round trip costs."""

from __future__ import annotations

from collections.abc import Sequence

from tests.performance.measuring import SERVER_CPU
from tests.performance.peers import Peer, SetsAndGets
from tests.performance.peers.echo import Echo
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.peers.stdlib import StandardLibrary
from tests.performance.peers.uvloop_echo import UvloopEcho
from tests.performance.workloads.rate import Rate, Wanted, Way, blocking

TITLE = "Set and get"

ONE_CLIENT = (
    Wanted(SharedState("TCP"), Echo("TCP"), 0.8),
    Wanted(SharedState("Unix"), StandardLibrary("TCP"), 2.0),
)
EIGHT_CLIENTS = (
    Wanted(SharedState("TCP"), StandardLibrary("TCP"), 2.2),
    Wanted(SharedState("TCP"), Redis("TCP"), 3.0),
    Wanted(SharedState("Unix"), StandardLibrary("Unix"), 2.2),
    Wanted(SharedState("Unix"), Redis("Unix"), 3.0),
    Wanted(SharedState("TCP"), UvloopEcho("TCP"), 1.6, SERVER_CPU),
    Wanted(SharedState("Unix"), UvloopEcho("Unix"), 1.6, SERVER_CPU),
)


def way(peer: Peer) -> Way | None:
    return blocking(peer.set_and_get) if isinstance(peer, SetsAndGets) else None


def set_get(clients: int, wanted: Sequence[Wanted] = ()) -> Rate:
    title = f"{TITLE}, {clients} client{'s' if clients > 1 else ''}"
    return Rate(f"set-get-{clients}", title, clients, way, StandardLibrary("TCP"), wanted)


WORKLOADS = {
    1: set_get(1, ONE_CLIENT),
    2: set_get(2),
    8: set_get(8, EIGHT_CLIENTS),
    32: set_get(32),
}
"""By the number of client processes."""
