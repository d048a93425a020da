"""Ten million items of 16 bytes in one dict: the memory of the server, and of a plain dict.

The keys are integers and the values `bytes`, which is what a plain dict keeps in least memory. Over
one transport: what is kept does not depend on how it came.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.performance.measuring import Effort
from tests.performance.peers import KeepsManyItems, Peer
from tests.performance.peers.shared_state import SharedState
from tests.performance.process import resident_bytes
from tests.performance.serving import child
from tests.performance.table import Promise, Section

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ITEMS = 10_000_000
ITEMS_QUICK = 200_000
AT_ONCE = 1000
WANTED_TIMES = 1.5
HEADER = ("peer", "over", "bytes an item", "times a plain dict")


@dataclass(frozen=True)
class ManyItems:
    name = "many-items"

    def measure(self, peers: Sequence[Peer], effort: Effort) -> Section:
        items = ITEMS_QUICK if effort.is_quick else ITEMS
        plain = in_a_process(fill_plain, items)
        taken = {
            peer: served(peer, items)
            for peer in peers
            if isinstance(peer, KeepsManyItems) and peer.transport == "Unix"
        }
        return Section(
            self.name,
            f"A dict of {items:,} items of 16 bytes",
            "Memory that they take in the server.",
            HEADER,
            [
                ("a plain dict", "", f"{plain / items:.0f}", "1.00"),
                *(row(peer, taken[peer] / items, plain / items) for peer in taken),
            ],
            [
                promise(items, taken[peer] / plain)
                for peer in taken
                if isinstance(peer, SharedState)
            ],
        )


def portions(items: int) -> Iterator[dict[int, bytes]]:
    for begin in range(0, items, AT_ONCE):
        yield {number: b"%016d" % number for number in range(begin, begin + AT_ONCE)}


def served(peer: KeepsManyItems, items: int) -> int:
    """Return the bytes that the server of a peer takes for so many items."""
    with peer.serve() as server:
        in_a_process(fill_shared, peer.filler, server.address, AT_ONCE)
        before = resident_bytes(server.pid)
        in_a_process(fill_shared, peer.filler, server.address, items)
        return resident_bytes(server.pid) - before


def in_a_process(fill: Callable[..., int], *arguments: Any) -> int:
    """Return what a function finds in a process of its own."""
    with child(report, fill, *arguments) as (_, pipe):
        return int(pipe.recv())


def report(pipe: Connection, fill: Callable[..., int], *arguments: Any) -> None:
    pipe.send(fill(*arguments))


def fill_plain(items: int) -> int:
    """Return the bytes that a dict of so many items takes in this process."""
    before = resident_bytes(os.getpid())
    kept: dict[int, bytes] = {}
    for portion in portions(items):
        kept.update(portion)
    return resident_bytes(os.getpid()) - before


def fill_shared(
    filler: Callable[[Any], Callable[[dict[int, bytes]], object]], address: Any, items: int
) -> int:
    """Return how many items were put into a shared mapping."""
    fill = filler(address)
    for portion in portions(items):
        fill(portion)
    return items


def row(peer: Peer, bytes_an_item: float, plain: float) -> Sequence[str]:
    return (
        peer.product,
        peer.transport,
        f"{bytes_an_item:.0f}",
        f"{bytes_an_item / plain:.2f}",
    )


def promise(items: int, times: float) -> Promise:
    return Promise(
        f"Memory of {items:,} dict items",
        "a plain dict",
        f"≤ {WANTED_TIMES:.2f}x",
        f"{times:.2f}x",
        times <= WANTED_TIMES,
    )
