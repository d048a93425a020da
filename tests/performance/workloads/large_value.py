"""Set and get a value of a megabyte, in turn."""

from __future__ import annotations

import functools

from tests.performance.peers import KeepsLargeValues, Peer
from tests.performance.peers.shared_state import SharedState
from tests.performance.peers.stdlib import StandardLibrary
from tests.performance.workloads.rate import Rate, Wanted, Way, blocking

SIZE = 1_000_000


def way(peer: Peer) -> Way | None:
    if not isinstance(peer, KeepsLargeValues):
        return None
    return blocking(functools.partial(peer.set_and_get_large, size=SIZE))


LARGE_VALUE = Rate(
    name="large-value",
    title="Set and get 1 MB, 1 client",
    clients=1,
    way=way,
    reference=StandardLibrary("TCP"),
    wanted=(
        Wanted(SharedState("Unix"), StandardLibrary("TCP"), 3.0),
        Wanted(SharedState("Unix"), StandardLibrary("Unix"), 3.0),
    ),
)
