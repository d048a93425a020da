"""A workload that counts operations in a window of time: what all of them have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.performance.measuring import (
    LEAST_RATE,
    RATE,
    Contestant,
    Effort,
    Figure,
    Ratio,
    interleave,
    ratio,
)
from tests.performance.peers import Peer
from tests.performance.table import Promise, Section
from tests.performance.team import Work, in_turn, team

MICROSECONDS = 1e6

Way = Callable[[Any], Work]
"""How a client process of a peer connects to an address, and the work that it then does."""

HEADER = (
    "peer",
    "over",
    "operations/s",
    "ratio",
    "if all were the least",
    "client CPU µs",
    "server CPU µs",
    "median µs",
    "p99 µs",
)


@dataclass(frozen=True)
class Wanted:
    """At least so many times the figure of another peer; at most, if less of it is better."""

    one: Peer
    other: Peer
    times: float
    figure: Figure = RATE


@dataclass(frozen=True)
class Rate:
    """So many client processes, each doing what its peer prepares."""

    name: str
    title: str
    clients: int
    way: Callable[[Peer], Way | None]  # None: the peer cannot do this
    reference: Peer  # whose rate is 1.00 in the table
    wanted: Sequence[Wanted] = field(default=())
    operations_per_call: int = 1

    def measure(self, peers: Sequence[Peer], effort: Effort) -> Section:
        absent: dict[str, str] = {}
        with ExitStack() as stack:
            contestants = [
                contestant
                for peer in peers
                if (contestant := self._bring_up(peer, stack, absent)) is not None
            ]
            interleave(contestants, effort)
        return self._report({contestant.peer: contestant for contestant in contestants}, absent)

    def _bring_up(self, peer: Peer, stack: ExitStack, absent: dict[str, str]) -> Contestant | None:
        way = self.way(peer)
        if way is None:
            return None
        try:
            server = stack.enter_context(peer.serve())
            clients = stack.enter_context(
                team(self.clients, functools.partial(way, server.address))
            )
        except Exception as error:  # noqa: BLE001  # it is told; the others are measured
            absent[full_name(peer)] = str(error)
            return None
        return Contestant(peer, server, clients, self.operations_per_call)

    def _report(self, contestants: Mapping[Peer, Contestant], absent: Mapping[str, str]) -> Section:
        reference = contestants.get(self.reference)
        return Section(
            self.name,
            self.title,
            f"The ratio is to {full_name(self.reference)}; CPU is per operation, latency per call. "
            "How fair it is shows in the rate that there would be if every client did as much as "
            "the one that did least.",
            HEADER,
            [row(contestant, reference) for contestant in contestants.values()],
            [
                promise(self.title, wanted, contestants[wanted.one], contestants[wanted.other])
                for wanted in self.wanted
                if wanted.one in contestants and wanted.other in contestants
            ],
            absent,
            "operations/s",
            {full_name(peer): each.median(RATE.of) for peer, each in contestants.items()},
        )


def blocking(connect: Callable[[Any], Sequence[Callable[[], object]]]) -> Way:
    """The way of a blocking client: its operations one after the other."""
    return functools.partial(in_turn, connect)


def full_name(peer: Peer) -> str:
    return f"{peer.product} over {peer.transport}"


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
        f"{contestant.median(RATE.of):,.0f}",
        f"{ratio(contestant.windows, reference.windows).median:.2f}" if reference else "",
        f"{contestant.median(LEAST_RATE.of):,.0f}",
        *(f"{time * MICROSECONDS:.1f}" for time in microseconds),
    )


def promise(title: str, wanted: Wanted, one: Contestant, other: Contestant) -> Promise:
    figure = wanted.figure
    measured = ratio(one.windows, other.windows, figure)
    return Promise(
        f"{title}: {figure.name}{full_name(wanted.one)} / {full_name(wanted.other)}",
        f"{'≥' if figure.more_is_better else '≤'} {wanted.times:.2f}",
        f"{measured.median:.2f} ({measured.least:.2f} to {measured.most:.2f})",
        is_kept(wanted, measured),
    )


def is_kept(wanted: Wanted, measured: Ratio) -> bool:
    if wanted.figure.more_is_better:
        return measured.median >= wanted.times
    return measured.median <= wanted.times
