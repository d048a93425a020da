"""What is wanted of a rate, and what the machine would let anybody reach."""

from __future__ import annotations

import pytest

from tests.performance.measuring import RATE, SERVER_CPU, Contestant, Figure, Window
from tests.performance.peers import Peer
from tests.performance.peers.echo import Echo
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.serving import Server
from tests.performance.team import Team
from tests.performance.workloads.operations import OPERATIONS
from tests.performance.workloads.rate import Wanted, promise


def measured(rate: float, peer: Peer) -> Contestant:
    window = Window(rate, rate, 1.0, 1 / rate, 1.0, 1.0, 1.0)
    return Contestant(peer, Server(0, None), Team([]), 1, [window] * 3)


@pytest.mark.parametrize(
    ("figure", "times", "limit", "kept"),
    [(RATE, 2.0, "3.00x", True), (RATE, 2.5, "3.00x", False), (SERVER_CPU, 0.5, "0.33x", True)],
)
def test_what_is_wanted_stands_beside_what_the_echo_reaches(
    figure: Figure, times: float, limit: str, kept: bool
) -> None:
    ours, redis, echo = SharedState("TCP"), Redis("TCP"), Echo("TCP")
    contestants: dict[Peer, Contestant] = {
        peer: measured(rate, peer) for peer, rate in ((ours, 20), (redis, 10), (echo, 30))
    }

    found = promise("Work", Wanted(ours, redis, times, figure), contestants)

    assert (found.against, found.limit, found.kept) == ("redis-py", limit, kept)


def test_another_transport_is_named_and_without_an_echo_there_is_no_limit() -> None:
    ours, redis = SharedState("Unix"), Redis("TCP")
    contestants: dict[Peer, Contestant] = {ours: measured(20, ours), redis: measured(10, redis)}

    found = promise("Work", Wanted(ours, redis, 2.0), contestants)

    assert (found.work, found.against, found.limit) == ("Work, Unix", "redis-py, TCP", "")


def test_whoever_is_compared_can_do_the_work() -> None:
    for workload in OPERATIONS:
        for wanted in workload.wanted:
            assert workload.way(wanted.one), workload.name
            assert workload.way(wanted.other), workload.name
