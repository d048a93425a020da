"""A thousand clients that are connected and do nothing: their cost in threads and memory.

The first hundred are not counted: with them the server loads what it loads only once. Memory is
what the process has in RAM; what the kernel keeps for a socket is the same for everybody and
not in it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.performance.measuring import Effort
from tests.performance.peers import KeepsIdleClients, Peer
from tests.performance.peers.shared_state import SharedState
from tests.performance.process import resident_bytes, thread_count
from tests.performance.serving import child
from tests.performance.table import Promise, Section
from tests.performance.workloads import of_each

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CLIENTS = 1000
FIRST_CLIENTS = 100
WANTED_BYTES = 10_000
HEADER = ("peer", "over", "bytes a client", "threads added")


@dataclass(frozen=True)
class Cost:
    """What CLIENTS clients cost their server."""

    bytes_a_client: float
    threads: int


@dataclass(frozen=True)
class IdleClients:
    name = "idle-1000"

    def measure(self, peers: Sequence[Peer], effort: Effort) -> Section:
        keeping = [peer for peer in peers if isinstance(peer, KeepsIdleClients)]
        costs, absent = of_each(keeping, cost)
        return Section(
            self.name,
            f"{CLIENTS:,} idle clients",
            "Memory and threads that they add to the server.",
            HEADER,
            [row(peer, costs[peer]) for peer in costs],
            [promise(peer, costs[peer]) for peer in costs if isinstance(peer, SharedState)],
            absent,
        )


def cost(peer: KeepsIdleClients) -> Cost:
    with (
        peer.serve() as server,
        child(keep, functools.partial(peer.idle_clients, server.address)) as (_, crowd),
    ):
        add(crowd, FIRST_CLIENTS)
        memory, threads = resident_bytes(server.pid), thread_count(server.pid)
        add(crowd, CLIENTS)
        return Cost(
            (resident_bytes(server.pid) - memory) / CLIENTS, thread_count(server.pid) - threads
        )


def add(crowd: Connection, count: int) -> None:
    """Have a process connect so many clients more."""
    crowd.send(count)
    crowd.recv()


def keep(pipe: Connection, connect: Callable[[int], list[Any]]) -> None:
    clients: list[Any] = []
    with contextlib.suppress(EOFError):  # that is all
        while True:
            clients += connect(pipe.recv())
            pipe.send(len(clients))


def row(peer: Peer, measured: Cost) -> Sequence[str]:
    return (
        peer.product,
        peer.transport,
        f"{measured.bytes_a_client:,.0f}",
        str(measured.threads),
    )


def promise(peer: Peer, measured: Cost) -> Promise:
    return Promise(
        f"An idle client, {peer.transport}",
        "",
        f"< {WANTED_BYTES:,} B, no thread",
        f"{measured.bytes_a_client:,.0f} B, {measured.threads} threads",
        measured.bytes_a_client < WANTED_BYTES and measured.threads == 0,
    )
