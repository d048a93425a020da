"""Acquire and release a lock, in turn: a lock for each process, and one lock for all of them.

One lock for all is no matter of the rate alone: a lock whose waiters look now and then whether it
is free lets one client have it all the time, fast. So what counts is also what the client got that
got least.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

from tests.performance.measuring import LEAST_RATE, RATE, Figure
from tests.performance.peers import Locks, Operation, Peer
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.workloads.rate import Rate, Wanted, Way, blocking

CLIENTS = 8


def of_its_own(
    connect: Callable[[Any, str], Sequence[Operation]], address: Any
) -> Sequence[Operation]:
    return connect(address, f"lock of {os.getpid()}")


def uncontended(peer: Peer) -> Way | None:
    if not isinstance(peer, Locks):
        return None
    return blocking(functools.partial(of_its_own, peer.acquire_and_release))


def contended(peer: Peer) -> Way | None:
    if not isinstance(peer, Locks):
        return None
    return blocking(functools.partial(peer.acquire_and_release, name="one lock"))


def lock(kind: str, way: Callable[[Peer], Way | None], wanted: Sequence[Wanted]) -> Rate:
    title = f"Lock acquire and release, {CLIENTS} clients, {kind}"
    return Rate(f"lock-{kind}", title, CLIENTS, way, Redis("TCP"), wanted)


def times(times: float, figure: Figure = RATE) -> Sequence[Wanted]:
    return (
        Wanted(SharedState("TCP"), Redis("TCP"), times, figure),
        Wanted(SharedState("Unix"), Redis("Unix"), times, figure),
    )


WORKLOADS = (
    lock("uncontended", uncontended, times(4.0)),
    lock("contended", contended, (*times(10.0), *times(10.0, LEAST_RATE))),
)
