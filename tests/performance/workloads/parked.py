"""Ten thousand clients that wait for an item of one queue: memory, threads, and the hand-over.

All of them are async clients of one process, each with a connection of its own. An item is then put
by one more client of the same process, again and again; the hand-over takes from before the put
until one of the waiters has the item, and nothing else is under way. All over TCP: ten thousand
clients are not on one host.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.performance.measuring import Effort, percentile
from tests.performance.peers import AsyncOperation, ParksClients, Peer
from tests.performance.peers.shared_state import SharedState
from tests.performance.process import resident_bytes, thread_count
from tests.performance.serving import child
from tests.performance.table import Promise, Section
from tests.performance.workloads import of_each

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CLIENTS = 10_000
CLIENTS_QUICK = 500
AT_ONCE = 20
"""Clients that connect at the same time: as many as a server lets wait to be authenticated."""

FIRST_HAND_OVERS = 100
"""Not counted. What is put travels behind what was said before, so these also wait until everybody
is parked."""

HAND_OVERS = 2000
WANTED_BYTES = 100_000_000
WANTED_HAND_OVER_S = 0.010
MEGABYTE = 1e6
MILLISECONDS = 1e3
HEADER = (
    "peer",
    "over",
    "MB added",
    "MB in all",
    "threads added",
    "hand-over median ms",
    "p99 ms",
)


Waiting = set["asyncio.Future[object]"]


@dataclass(frozen=True)
class Cost:
    """What the parked clients cost their server, and how fast an item came to one of them."""

    memory: int  # added to the server
    all_memory: int
    threads: int
    typical: float
    slow: float


@dataclass(frozen=True)
class Parked:
    name = "parked-10000"

    def measure(self, peers: Sequence[Peer], effort: Effort) -> Section:
        clients = CLIENTS_QUICK if effort.is_quick else CLIENTS
        parking = [
            peer for peer in peers if isinstance(peer, ParksClients) and peer.transport == "TCP"
        ]
        costs, absent = of_each(parking, lambda peer: cost(peer, clients))
        return Section(
            self.name,
            f"{clients:,} clients parked in a get",
            "Memory and threads that they add to the server; from a put until a waiter has it.",
            HEADER,
            [row(peer, costs[peer]) for peer in costs],
            [promise(peer, costs[peer]) for peer in costs if isinstance(peer, SharedState)],
            absent,
        )


def cost(peer: ParksClients, clients: int) -> Cost:
    with (
        peer.serve() as server,
        child(follow_orders, peer, server.address, clients) as (_, pipe),
    ):
        pipe.recv()
        memory, threads = resident_bytes(server.pid), thread_count(server.pid)
        pipe.send("park")
        pipe.recv()
        all_memory = resident_bytes(server.pid)
        more_threads = thread_count(server.pid) - threads
        pipe.send("hand over")
        latencies = sorted(pipe.recv())
        typical, slow = percentile(latencies, 0.5), percentile(latencies, 0.99)
        return Cost(all_memory - memory, all_memory, more_threads, typical, slow)


def follow_orders(pipe: Connection, peer: ParksClients, address: Any, clients: int) -> None:
    asyncio.run(park_and_hand_over(pipe, peer, address, clients))


async def park_and_hand_over(
    pipe: Connection, peer: ParksClients, address: Any, clients: int
) -> None:
    """Only orders are waited for on the pipe, while nothing is to happen in the loop."""
    put = await peer.putter(address)
    waiting: Waiting = {asyncio.ensure_future((await peer.getter(address))())}
    waiting = (await hand_over(put, waiting, 1))[1]
    pipe.send("one")
    pipe.recv()
    for _ in range(0, clients, AT_ONCE):
        getters = await asyncio.gather(*(peer.getter(address) for _ in range(AT_ONCE)))
        waiting.update(asyncio.ensure_future(get()) for get in getters)
    _, waiting = await hand_over(put, waiting, FIRST_HAND_OVERS)
    pipe.send("parked")
    pipe.recv()
    latencies, _ = await hand_over(put, waiting, min(HAND_OVERS, clients // 2))
    pipe.send(latencies)
    pipe.recv()


async def hand_over(
    put: AsyncOperation, waiting: Waiting, count: int
) -> tuple[list[float], Waiting]:
    """Put items one after the other; return how long each took, and who waits still."""
    arrived: asyncio.Queue[asyncio.Future[object]] = asyncio.Queue()
    for each in waiting:
        each.add_done_callback(arrived.put_nowait)
    latencies = []
    for _ in range(count):
        begin = time.perf_counter()
        await put()
        waiting.discard(await arrived.get())
        latencies.append(time.perf_counter() - begin)
    for each in waiting:
        each.remove_done_callback(arrived.put_nowait)
    return latencies, waiting


def row(peer: Peer, measured: Cost) -> Sequence[str]:
    return (
        peer.product,
        peer.transport,
        f"{measured.memory / MEGABYTE:.1f}",
        f"{measured.all_memory / MEGABYTE:.1f}",
        str(measured.threads),
        f"{measured.typical * MILLISECONDS:.2f}",
        f"{measured.slow * MILLISECONDS:.2f}",
    )


def promise(peer: Peer, measured: Cost) -> Promise:
    return Promise(
        f"Clients parked in a get, {peer.transport}",
        "",
        f"< {WANTED_BYTES / MEGABYTE:.0f} MB, no thread, "
        f"p99 < {WANTED_HAND_OVER_S * MILLISECONDS:.0f} ms",
        f"{measured.memory / MEGABYTE:.1f} MB of {measured.all_memory / MEGABYTE:.1f}, "
        f"{measured.threads} threads, "
        f"{measured.slow * MILLISECONDS:.2f} ms",
        measured.memory < WANTED_BYTES
        and measured.threads == 0
        and measured.slow < WANTED_HAND_OVER_S,
    )
