"""A workload that counts operations in a window of time: what all of them have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import MappingProxyType
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
from tests.performance.peers import Peer, Transport, full_name
from tests.performance.peers.echo import Echo
from tests.performance.table import Promise, Section
from tests.performance.team import Work, in_turn, team

MICROSECONDS = 1e6

MOST_HEAVY_CLIENTS = 8
"""Of a peer whose client takes a second of CPU to start and 100 MB: 32 of them tell nothing new."""

MOST_HEAVY = f"with more than {MOST_HEAVY_CLIENTS} clients it takes a minute and 100 MB for each"

AT_ONCE = 4
"""Peers that are brought up at the same time: a half of it is waiting for warm-ups."""

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


def over_each(
    one: Callable[[Transport], Peer],
    other: Callable[[Transport], Peer],
    times: float,
    figure: Figure = RATE,
) -> Sequence[Wanted]:
    """Want the same over TCP and over Unix sockets."""
    return tuple(
        Wanted(one(transport), other(transport), times, figure) for transport in ("TCP", "Unix")
    )


@dataclass(frozen=True)
class Rate:
    """So many client processes, each doing what its peer prepares."""

    name: str
    work: str
    clients: int
    way: Callable[[Peer], Way | None]  # None: the peer cannot do this
    reference: Peer  # whose rate is 1.00 in the table
    wanted: Sequence[Wanted] = field(default=())
    operations_per_call: int = 1
    note: str = ""  # what a stranger would take for something else

    @property
    def title(self) -> str:
        return f"{self.work}, {self.clients} client{'s' if self.clients > 1 else ''}"

    def measure(self, peers: Sequence[Peer], effort: Effort) -> Section:
        absent: dict[str, str] = {}
        with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
            brought_up = pool.map(lambda peer: self._bring_up(peer, absent), peers)
            contestants = {}
            for peer, found in zip(peers, brought_up, strict=True):
                if found is not None:
                    contestants[peer], keep = found
                    stack.enter_context(keep)
            interleave(list(contestants.values()), effort)
        return self._report(contestants, absent, [peer for peer in peers if self._leaves_out(peer)])

    def _leaves_out(self, peer: Peer) -> bool:
        return peer.is_heavy and self.clients > MOST_HEAVY_CLIENTS and self.way(peer) is not None

    def _bring_up(self, peer: Peer, absent: dict[str, str]) -> tuple[Contestant, ExitStack] | None:
        way = self.way(peer)
        if way is None or self._leaves_out(peer):
            return None
        with ExitStack() as stack:
            try:
                server = stack.enter_context(peer.serve())
                clients = stack.enter_context(
                    team(self.clients, functools.partial(way, server.address))
                )
            except Exception as error:  # noqa: BLE001  # it is told; the others are measured
                absent[full_name(peer)] = str(error)
                return None
            contestant = Contestant(peer, server, clients, self.operations_per_call)
            return contestant, stack.pop_all()

    def _report(
        self,
        brought_up: Mapping[Peer, Contestant],
        absent: dict[str, str],
        left_out: Sequence[Peer],
    ) -> Section:
        contestants = {peer: each for peer, each in brought_up.items() if not each.failure}
        for peer, each in brought_up.items():
            if each.failure:
                absent[full_name(peer)] = each.failure
        reference = contestants.get(self.reference)
        return Section(
            self.name,
            self.title,
            f"{self.note} `ratio` is to {full_name(self.reference)}.".lstrip(),
            HEADER,
            [row(contestant, reference) for contestant in brought_up.values()],
            [promise(self.title, wanted, contestants, absent) for wanted in self.wanted],
            absent,
            {full_name(peer): MOST_HEAVY for peer in left_out},
            "operations/s",
            {
                (peer.product, peer.transport): each.median(RATE.of)
                for peer, each in contestants.items()
            },
        )


def blocking(connect: Callable[[Any], Sequence[Callable[[], object]]]) -> Way:
    """The way of a blocking client: its operations one after the other."""
    return functools.partial(in_turn, connect)


def row(contestant: Contestant, reference: Contestant | None) -> Sequence[str]:
    if contestant.failure:
        names = contestant.peer.product, contestant.peer.transport
        return (*names, "failed", *[""] * (len(HEADER) - len(names) - 1))
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


def promise(
    title: str,
    wanted: Wanted,
    contestants: Mapping[Peer, Contestant],
    absent: Mapping[str, str] = MappingProxyType({}),
) -> Promise:
    """Compare with what was wanted, and with the echo: nobody who makes round trips does more."""
    figure, transport = wanted.figure, wanted.one.transport
    names = (
        f"{title}{figure.name}, {transport}",
        wanted.other.product
        + (f", {wanted.other.transport}" * (wanted.other.transport != transport)),
        f"{'≥' if figure.more_is_better else '≤'} {wanted.times:.2f}x",
    )
    for peer in (wanted.one, wanted.other):
        if peer not in contestants:
            has = "failed" if full_name(peer) in absent else "is missing"
            return Promise(*names, f"not measured: {peer.product} {has}", kept=None)
    other = contestants[wanted.other].windows
    measured = ratio(contestants[wanted.one].windows, other, figure)
    echo = contestants.get(Echo(transport))
    return Promise(
        *names,
        f"{measured.median:.2f}x ({measured.least:.2f} to {measured.most:.2f})",
        is_kept(wanted, measured),
        f"{ratio(echo.windows, other, figure).median:.2f}x" if echo else "",
    )


def is_kept(wanted: Wanted, measured: Ratio) -> bool:
    if wanted.figure.more_is_better:
        return measured.median >= wanted.times
    return measured.median <= wanted.times
