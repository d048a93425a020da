"""A workload that counts operations in a window of time: what all of them have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tests.performance.measuring import Contestant, Effort, Ratio, interleave, ratio
from tests.performance.peers import Operation, Peer
from tests.performance.table import Promise, Section
from tests.performance.team import team

MICROSECONDS = 1e6

Way = Callable[[Any], "Sequence[Operation]"]
"""How a peer's client connects to an address and does the work: a method of the peer."""

HEADER = (
    "peer",
    "over",
    "operations/s",
    "ratio",
    "client CPU µs",
    "server CPU µs",
    "median µs",
    "p99 µs",
)


@dataclass(frozen=True)
class Wanted:
    """At least so many times the rate of another peer."""

    one: Peer
    other: Peer
    at_least: float


@dataclass(frozen=True)
class Rate:
    """So many client processes, each doing in turn the operations that its peer prepares."""

    name: str
    title: str
    clients: int
    operations_per_call: int
    way: Callable[[Peer], Way | None]  # None: the peer cannot do this
    reference: Peer  # whose rate is 1.00 in the table
    wanted: Sequence[Wanted]

    def measure(self, peers: Sequence[Peer], effort: Effort) -> Section:
        with ExitStack() as stack:
            contestants = [
                contestant
                for peer in peers
                if (contestant := self._bring_up(peer, stack)) is not None
            ]
            interleave(contestants, effort)
        return self._report({contestant.peer: contestant for contestant in contestants})

    def _bring_up(self, peer: Peer, stack: ExitStack) -> Contestant | None:
        way = self.way(peer)
        if way is None:
            return None
        server = stack.enter_context(peer.serve())
        clients = stack.enter_context(team(self.clients, functools.partial(way, server.address)))
        return Contestant(peer, server, clients, self.operations_per_call)

    def _report(self, contestants: Mapping[Peer, Contestant]) -> Section:
        reference = contestants.get(self.reference)
        note = (
            f"The ratio is to {self.reference.product} over {self.reference.transport}; "
            "CPU is per operation, latency per call."
        )
        rows = [row(contestant, reference) for contestant in contestants.values()]
        promises = [
            promise(self.title, wanted, ratio(contestants[wanted.one], contestants[wanted.other]))
            for wanted in self.wanted
            if wanted.one in contestants and wanted.other in contestants
        ]
        return Section(self.title, note, HEADER, rows, promises)


def row(contestant: Contestant, reference: Contestant | None) -> Sequence[str]:
    microseconds = (
        contestant.median(lambda window: window.client_cpu),
        contestant.median(lambda window: window.server_cpu),
        contestant.median(lambda window: window.typical),
        contestant.median(lambda window: window.slow),
    )
    return (
        contestant.peer.product,
        contestant.peer.transport,
        f"{contestant.median(lambda window: window.rate):,.0f}",
        f"{ratio(contestant, reference).median:.2f}" if reference else "",
        *(f"{time * MICROSECONDS:.1f}" for time in microseconds),
    )


def promise(title: str, wanted: Wanted, measured: Ratio) -> Promise:
    one, other = wanted.one, wanted.other
    return Promise(
        f"{title}: {one.product} over {one.transport} / {other.product} over {other.transport}",
        f"{wanted.at_least:.1f}",
        f"{measured.median:.2f} ({measured.least:.2f} to {measured.most:.2f})",
        measured.median >= wanted.at_least,
    )
