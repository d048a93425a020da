"""What is compared as a rate: one operation after the other, or many at once, for a window of time.

A lock for all is no matter of the rate alone: one whose waiters look now and then whether it is
free lets one client have it all the time, fast. So what counts is also what the client got that
got least.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

from tests.performance.measuring import LEAST_RATE, RATE, SERVER_CPU, Figure
from tests.performance.peers import (
    Batches,
    KeepsLargeValues,
    Locks,
    Operation,
    Peer,
    Queues,
    SetsAndGets,
    SetsAndGetsInTasks,
    SharesArrays,
)
from tests.performance.peers.echo import Echo
from tests.performance.peers.redis_asyncio import RedisAsyncio
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.peers.stdlib import StandardLibrary
from tests.performance.peers.uvloop_echo import UvloopEcho
from tests.performance.tasks import in_flight
from tests.performance.workloads.rate import Rate, Wanted, Way, blocking, over_each

SET_AND_GET = "Set and get"
CLIENTS = (1, 2, 8, 32)
LARGE_BYTES = 1_000_000
ARRAY_LENGTH = 1_000_000
TASKS = 200
LOCKING_CLIENTS = 8

TCP = StandardLibrary("TCP")


def set_and_get(peer: Peer) -> Way | None:
    return blocking(peer.set_and_get) if isinstance(peer, SetsAndGets) else None


def put_and_get(peer: Peer) -> Way | None:
    return blocking(peer.put_and_get) if isinstance(peer, Queues) else None


def own_lock(
    connect: Callable[[Any, str], Sequence[Operation]], address: Any
) -> Sequence[Operation]:
    return connect(address, f"lock of {os.getpid()}")


def uncontended(peer: Peer) -> Way | None:
    if not isinstance(peer, Locks):
        return None
    return blocking(functools.partial(own_lock, peer.acquire_and_release))


def contended(peer: Peer) -> Way | None:
    if not isinstance(peer, Locks):
        return None
    return blocking(functools.partial(peer.acquire_and_release, name="one lock"))


def large_value(peer: Peer) -> Way | None:
    if not isinstance(peer, KeepsLargeValues):
        return None
    return blocking(functools.partial(peer.set_and_get_large, size=LARGE_BYTES))


def array_buffer(peer: Peer) -> Way | None:
    if not isinstance(peer, SharesArrays):
        return None
    return blocking(functools.partial(peer.read_array, length=ARRAY_LENGTH))


def array_slice(peer: Peer) -> Way | None:
    if not isinstance(peer, SharesArrays):
        return None
    return blocking(functools.partial(peer.slice_array, length=ARRAY_LENGTH))


def batch(size: int, peer: Peer) -> Way | None:
    if not isinstance(peer, Batches):
        return None
    return blocking(functools.partial(peer.batch, size=size))


def in_tasks(peer: Peer) -> Way | None:
    if not isinstance(peer, SetsAndGetsInTasks):
        return None
    return functools.partial(in_flight, peer.set_and_get_in_tasks, TASKS)


def of_redis(times: float, figure: Figure = RATE) -> Sequence[Wanted]:
    return over_each(SharedState, Redis, times, figure)


SET_GET_WANTED = {
    1: (
        Wanted(SharedState("TCP"), Echo("TCP"), 0.8),
        Wanted(SharedState("Unix"), TCP, 2.0),
    ),
    8: (
        *over_each(SharedState, StandardLibrary, 2.2),
        *of_redis(3.0),
        *over_each(SharedState, UvloopEcho, 1.6, SERVER_CPU),
    ),
}
QUEUE_WANTED = (*over_each(SharedState, StandardLibrary, 1.8), *of_redis(2.0))
LARGE_WANTED = (
    Wanted(SharedState("Unix"), TCP, 3.0),
    Wanted(SharedState("Unix"), StandardLibrary("Unix"), 3.0),
)
CONTENDED_WANTED = (*of_redis(10.0), *of_redis(10.0, LEAST_RATE))
LOCK = "Lock acquire and release"

SET_GET = {
    f"set-get-{clients}": Rate(
        f"set-get-{clients}",
        SET_AND_GET,
        clients,
        set_and_get,
        TCP,
        SET_GET_WANTED.get(clients, ()),
    )
    for clients in CLIENTS
}
OPERATIONS = (
    *SET_GET.values(),
    *(
        Rate(f"queue-{clients}", "Queue put and get", clients, put_and_get, TCP, QUEUE_WANTED)
        for clients in (1, 8)
    ),
    Rate(
        "lock-uncontended",
        f"{LOCK}, uncontended",
        LOCKING_CLIENTS,
        uncontended,
        Redis("TCP"),
        of_redis(4.0),
    ),
    Rate(
        "lock-contended",
        f"{LOCK}, contended",
        LOCKING_CLIENTS,
        contended,
        Redis("TCP"),
        CONTENDED_WANTED,
    ),
    Rate("large-value", "Set and get 1 MB", 1, large_value, TCP, LARGE_WANTED),
    Rate(
        "array-buffer",
        "Read a million doubles as a buffer",
        1,
        array_buffer,
        TCP,
        note="What comes is not looked at: a `memoryview` from `read()` of shared-state, an "
        "`array.array` from `shared[:]` of the standard library, and one made of the bytes that "
        "the others keep.",
    ),
    Rate(
        "array-slice",
        "Read a million doubles as a list",
        1,
        array_slice,
        TCP,
        note="`a[:]` of shared-state is a list, as that of `multiprocessing.Array` is; whoever has "
        "a buffer makes a list of it with `tolist()`.",
    ),
    *(
        Rate(
            f"batch-{size}",
            f"{size:,} requests a batch",
            1,
            functools.partial(batch, size),
            Redis("TCP"),
            wanted,
            operations_per_call=size,
        )
        for size, wanted in ((100, of_redis(2.5)), (1000, ()))
    ),
    Rate(
        f"async-{TASKS}",
        f"Set and get, {TASKS} async tasks",
        1,
        in_tasks,
        RedisAsyncio("TCP"),
        over_each(SharedState, RedisAsyncio, 3.0),
    ),
)
