"""What is wanted of a rate, and what the machine would let anybody reach."""

from __future__ import annotations

import os
from array import array

import pytest

from tests.performance.measuring import (
    RATE,
    SERVER_CPU,
    Contestant,
    Effort,
    Figure,
    Window,
    interleave,
)
from tests.performance.peers import Peer
from tests.performance.peers.dask import Dask
from tests.performance.peers.echo import Echo
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.serving import Server
from tests.performance.table import render
from tests.performance.team import Report, Team
from tests.performance.workloads import of_each
from tests.performance.workloads.operations import OPERATIONS
from tests.performance.workloads.rate import Rate, Wanted, promise


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


@pytest.mark.parametrize(
    ("absent", "told"),
    [
        ({}, "not measured: redis-py is missing"),
        ({"redis-py over TCP": "no"}, "not measured: redis-py failed"),
    ],
)
def test_what_is_wanted_and_not_measured_says_why(absent: dict[str, str], told: str) -> None:
    ours, redis = SharedState("TCP"), Redis("TCP")

    found = promise("Work", Wanted(ours, redis, 2.0), {ours: measured(20, ours)}, absent)

    assert (found.against, found.wanted, found.measured) == ("redis-py", "≥ 2.00x", told)
    assert found.kept is None


class FailingTeam(Team):
    """Works once, and then no more."""

    def __init__(self) -> None:
        super().__init__([])
        self._has_worked = False

    def work(self, seconds: float) -> list[Report]:
        if self._has_worked:
            raise RuntimeError("its server is gone")
        self._has_worked = True
        return [Report(array("d", [1.0]), seconds=1.0, cpu_seconds=1.0)]


class WorkingTeam(Team):
    def work(self, seconds: float) -> list[Report]:
        return [Report(array("d", [1.0]), seconds=1.0, cpu_seconds=1.0)]


def test_who_fails_in_the_middle_is_told_and_the_others_are_measured() -> None:
    ours, redis = SharedState("TCP"), Redis("TCP")
    server = Server(os.getpid(), None)
    working = Contestant(ours, server, WorkingTeam([]), 1)
    failing = Contestant(redis, server, FailingTeam(), 1)
    workload = Rate("w", "Work", 1, lambda _: None, redis, [Wanted(ours, redis, 2.0)])

    interleave([working, failing], Effort(rounds=3, seconds=1.0))
    found = workload._report({ours: working, redis: failing}, {}, [])

    assert (len(working.windows), len(failing.windows)) == (3, 1)
    assert [tuple(row[:3]) for row in found.rows] == [
        ("shared-state", "TCP", "1"),
        ("redis-py", "TCP", "failed"),
    ]
    assert found.absent == {"redis-py over TCP": "in round 2: its server is gone"}
    assert found.promises[0].measured == "not measured: redis-py failed"
    assert list(found.bars) == [("shared-state", "TCP")]


def test_who_is_too_heavy_for_a_crowd_is_told_as_left_out() -> None:
    (crowd,) = (each for each in OPERATIONS if each.name == "set-get-32")

    found = crowd.measure([Dask()], Effort(rounds=1, seconds=0.1))

    assert list(found.left_out) == ["Dask distributed over TCP"]
    assert "* Dask distributed over TCP is left out: with more than 8 clients" in render(found)


def test_who_fails_at_another_kind_of_work_is_told_too() -> None:
    ours, redis = SharedState("TCP"), Redis("TCP")
    peers: list[Peer] = [ours, redis]

    def find(peer: Peer) -> str:
        return {ours: "found"}[peer]  # type: ignore[index]  # who is not there fails

    found, absent = of_each(peers, find)

    assert found == {ours: "found"}
    assert list(absent) == ["redis-py over TCP"]


def test_whoever_is_compared_can_do_the_work() -> None:
    for workload in OPERATIONS:
        for wanted in workload.wanted:
            assert workload.way(wanted.one), workload.name
            assert workload.way(wanted.other), workload.name
