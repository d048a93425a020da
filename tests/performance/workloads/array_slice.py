"""Read a million doubles of a shared array as one slice, as what NumPy can take."""

from __future__ import annotations

import functools

from tests.performance.peers import Peer, SharesArrays
from tests.performance.peers.stdlib import StandardLibrary
from tests.performance.workloads.rate import Rate, Way, blocking

LENGTH = 1_000_000


def way(peer: Peer) -> Way | None:
    if not isinstance(peer, SharesArrays):
        return None
    return blocking(functools.partial(peer.read_array, length=LENGTH))


ARRAY_SLICE = Rate(
    name="array-slice",
    title="Read a slice of a million doubles, 1 client",
    clients=1,
    way=way,
    reference=StandardLibrary("TCP"),
)
