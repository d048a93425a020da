"""Fair comparison on a machine that is never quite quiet.

All contestants are up at the same time and take turns: A B C B C A …, a window each. What
disturbs the machine for a few seconds disturbs everybody's window of that round, and nobody is
always the first or the last of a round. A figure is
the median over the rounds, and a ratio is the median of the ratios *within* a round, which is
steadier than the ratio of two medians; the rounds' extremes tell how steady.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.performance.peers import Peer
from tests.performance.process import cpu_seconds
from tests.performance.serving import Server
from tests.performance.team import Report, Team


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: float  # of one window
    is_quick: bool = False  # smaller crowds, too


@dataclass(frozen=True)
class Window:
    """What a team of clients and their server did in one window; times in seconds."""

    rate: float  # operations a second
    least_rate: float  # of the client that did least, times the number of clients
    client_cpu: float  # per operation
    server_cpu: float  # per operation
    typical: float  # median latency of a request, or of a batch
    slow: float  # 99th percentile of the same
    longest: float


@dataclass(frozen=True)
class Figure:
    """One of the figures of a window, as it is compared."""

    name: str  # behind the name of the work
    of: Callable[[Window], float]
    more_is_better: bool


RATE = Figure("", lambda window: window.rate, more_is_better=True)
LEAST_RATE = Figure(", least served", lambda window: window.least_rate, more_is_better=True)
SERVER_CPU = Figure(", server CPU", lambda window: window.server_cpu, more_is_better=False)


@dataclass
class Contestant:
    """A peer with its server and clients up."""

    peer: Peer
    server: Server
    team: Team
    operations_per_call: int
    windows: list[Window] = field(default_factory=list)
    failure: str = ""  # in which round and why; it has no windows from then on

    def measure(self, seconds: float) -> None:
        before = cpu_seconds(self.server.pid)
        reports = self.team.work(seconds)
        server_cpu = cpu_seconds(self.server.pid) - before
        self.windows.append(summarise(reports, server_cpu, self.operations_per_call))

    def median(self, figure: Callable[[Window], float]) -> float:
        """The median over the rounds."""
        return statistics.median(map(figure, self.windows))


def summarise(reports: Sequence[Report], server_cpu: float, operations_per_call: int) -> Window:
    """Put together what all clients of a window did."""
    calls = sorted(latency for report in reports for latency in report.latencies)
    operations = len(calls) * operations_per_call
    rates = [len(each.latencies) / each.seconds * operations_per_call for each in reports]
    return Window(
        rate=sum(rates),
        least_rate=min(rates) * len(rates),
        client_cpu=sum(report.cpu_seconds for report in reports) / operations,
        server_cpu=server_cpu / operations,
        typical=percentile(calls, 0.5),
        slow=percentile(calls, 0.99),
        longest=calls[-1],
    )


@dataclass(frozen=True)
class Ratio:
    """How many times the figure of another, over the rounds."""

    median: float
    least: float
    most: float


def interleave(contestants: Sequence[Contestant], effort: Effort) -> None:
    """Measure everybody once a round, and begin each round with another one."""
    for number in range(effort.rounds):
        first = number * len(contestants) // effort.rounds
        for contestant in (*contestants[first:], *contestants[:first]):
            if not contestant.failure:
                try:
                    contestant.measure(effort.seconds)
                except Exception as error:  # noqa: BLE001  # it is told; the others are measured
                    contestant.failure = f"in round {number + 1}: {error}"


def ratio(one: Sequence[Window], other: Sequence[Window], figure: Figure = RATE) -> Ratio:
    """Compare what was measured in the same rounds."""
    ratios = [figure.of(mine) / figure.of(theirs) for mine, theirs in zip(one, other, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def percentile(ordered: Sequence[float], part: float) -> float:
    """The value that this part of an ascending sequence does not exceed."""
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
