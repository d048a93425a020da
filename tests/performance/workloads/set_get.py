"""Set and get one small value in a shared mapping, in turn: what a round trip costs."""

from __future__ import annotations

from collections.abc import Sequence

from tests.performance.peers import Peer, SetsAndGets
from tests.performance.peers.shared_state import SharedState
from tests.performance.peers.stdlib import StandardLibrary
from tests.performance.workloads.rate import Rate, Wanted, Way


def way(peer: Peer) -> Way | None:
    return peer.set_and_get if isinstance(peer, SetsAndGets) else None


def set_get(clients: int, tcp: float, unix: float) -> Rate:
    """So many clients; at least so many times the standard library's rate over TCP."""
    standard = StandardLibrary("TCP")
    wanted: Sequence[Wanted] = (
        Wanted(SharedState("TCP"), standard, tcp),
        Wanted(SharedState("Unix"), standard, unix),
    )
    title = f"Set and get, {clients} client{'s' if clients > 1 else ''}"
    return Rate(f"set-get-{clients}", title, clients, 1, way, standard, wanted)


WORKLOADS = (set_get(1, tcp=1.2, unix=1.8), set_get(8, tcp=1.9, unix=2.8))
