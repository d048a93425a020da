"""One client sets and gets small values while another one is busy: what it takes from the first.

The small client calls at a fixed rate, and a call takes from when it was due: one that is kept from
calling is late, and does not call less. Each round has a window in which the small client is alone,
and one in which the other works too.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.performance.measuring import Effort, Window, summarise
from tests.performance.peers import Peer
from tests.performance.peers.shared_state import SharedState
from tests.performance.table import Promise, Section
from tests.performance.tasks import in_flight
from tests.performance.team import CALL_INTERVAL_S, Report, Team, at_a_fixed_rate, team
from tests.performance.workloads import of_each
from tests.performance.workloads.rate import Way, blocking

MILLISECONDS = 1e3

WINDOWS = 4
"""So many times as long as other windows: a large value takes half a second there and back, and a
hundredth of the calls has to be more than one or two."""

LARGE_BYTES = 64_000_000
WANTED_STOP_S = 0.050
FLOOD_REQUESTS = 1000
FLOOD_TASKS = 64
UPDATE_ITEMS = 1000
ITERATED_ITEMS = 10_000
WANTED_TIMES, WANTED_MORE_S = 2.0, 0.005
NOTE = f"""\
A client sets and gets small values, {1 / CALL_INTERVAL_S:,.0f} calls a second, alone and while the
other works. A latency is from when the call was due: a stop makes all calls late that were due
meanwhile."""
HEADER = (
    "peer",
    "over",
    "alone: p99 ms",
    "longest ms",
    "disturbed: p99 ms",
    "longest ms",
    "the other: operations/s",
)


@dataclass(frozen=True)
class Found:
    """What the small client met, and how fast the other one was."""

    alone: Window
    disturbed: Window
    other_rate: float


@dataclass(frozen=True)
class Disturbed:
    name: str
    title: str
    way: Callable[[SharedState], Way]  # of the client that disturbs
    judge: Callable[[str, Found], Promise]

    def measure(self, peers: Sequence[Peer], effort: Effort) -> Section:
        ours = [peer for peer in peers if isinstance(peer, SharedState)]
        found, absent = of_each(ours, lambda peer: self._find(peer, effort))
        return Section(
            self.name,
            self.title,
            NOTE,
            HEADER,
            [row(peer, each) for peer, each in found.items()],
            [self.judge(f"{self.title}, {peer.transport}", each) for peer, each in found.items()],
            absent,
        )

    def _find(self, peer: SharedState, effort: Effort) -> Found:
        with (
            peer.serve() as server,
            team(1, functools.partial(at_a_fixed_rate, peer.set_and_get, server.address)) as small,
            team(1, functools.partial(self.way(peer), server.address)) as other,
        ):
            rounds = [
                one_round(small, other, WINDOWS * effort.seconds) for _ in range(effort.rounds)
            ]
        return Found(
            together([each[0] for each in rounds]),
            together([each[1] for each in rounds]),
            statistics.median(each[2] for each in rounds),
        )


def one_round(small: Team, other: Team, seconds: float) -> tuple[list[Report], list[Report], float]:
    alone = small.work(seconds)
    other.begin(seconds)
    disturbed = small.work(seconds)
    (report,) = other.end()
    return alone, disturbed, len(report.latencies) / report.seconds


def together(rounds: Sequence[Sequence[Report]]) -> Window:
    """All windows as one: what is rare shows in no single one."""
    return summarise([report for reports in rounds for report in reports], 0.0, 1)


def large_values(peer: SharedState) -> Way:
    return blocking(functools.partial(peer.set_and_get_large, size=LARGE_BYTES))


def batches(peer: SharedState) -> Way:
    return blocking(functools.partial(peer.batch, size=FLOOD_REQUESTS))


def many_tasks(peer: SharedState) -> Way:
    return functools.partial(in_flight, peer.set_and_get_in_tasks, FLOOD_REQUESTS)


def updates(peer: SharedState) -> Way:
    connect = functools.partial(peer.update_in_tasks, items=UPDATE_ITEMS)
    return functools.partial(in_flight, connect, FLOOD_TASKS)


def iterations(peer: SharedState) -> Way:
    connect = functools.partial(peer.iterate_in_tasks, items=ITERATED_ITEMS)
    return functools.partial(in_flight, connect, FLOOD_TASKS)


def stops_shortly(text: str, found: Found) -> Promise:
    return Promise(
        text,
        "",
        f"longest stop ≤ {WANTED_STOP_S * MILLISECONDS:.0f} ms",
        f"{found.disturbed.longest * MILLISECONDS:.1f} ms",
        found.disturbed.longest <= WANTED_STOP_S,
    )


def is_fair(text: str, found: Found) -> Promise:
    most = WANTED_TIMES * found.alone.slow + WANTED_MORE_S
    return Promise(
        text,
        f"alone: {found.alone.slow * MILLISECONDS:.1f} ms",
        f"p99 ≤ {WANTED_TIMES:.0f} times + {WANTED_MORE_S * MILLISECONDS:.0f} ms "
        f"= {most * MILLISECONDS:.1f} ms",
        f"{found.disturbed.slow * MILLISECONDS:.1f} ms",
        found.disturbed.slow <= most,
    )


def row(peer: Peer, found: Found) -> Sequence[str]:
    times = (
        found.alone.slow,
        found.alone.longest,
        found.disturbed.slow,
        found.disturbed.longest,
    )
    return (
        peer.product,
        peer.transport,
        *(f"{time * MILLISECONDS:.2f}" for time in times),
        f"{found.other_rate:,.0f}",
    )


WORKLOADS = (
    Disturbed("beside-64-mb", "Beside a client of 64 MB values", large_values, stops_shortly),
    Disturbed("beside-batches", "Beside a flood of batches of 1,000", batches, is_fair),
    Disturbed("beside-tasks", "Beside a flood of 1,000 async tasks", many_tasks, is_fair),
    Disturbed(
        "beside-updates",
        f"Beside {FLOOD_TASKS} tasks of updates of {UPDATE_ITEMS:,} items",
        updates,
        is_fair,
    ),
    Disturbed(
        "beside-iterations",
        f"Beside {FLOOD_TASKS} tasks that iterate over {ITERATED_ITEMS:,} items",
        iterations,
        is_fair,
    ),
)
