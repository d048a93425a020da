"""Client processes and tasks: what they do, and what they report."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence

import pytest

from tests.performance import tasks
from tests.performance import team as teams
from tests.performance.peers import AsyncOperation
from tests.performance.team import Work, in_turn, team


def two_operations(address: list[int]) -> list[functools.partial[None]]:
    return [functools.partial(address.append, 1), functools.partial(address.append, 2)]


def fail(seconds: float) -> Work:
    raise ValueError(f"cannot work for {seconds:g} s")


def test_operations_are_done_in_turn_and_each_is_timed() -> None:
    done: list[int] = []

    report = in_turn(two_operations, done)(1e-6)

    assert done[:2] == [1, 2]
    assert len(done) % 2 == 0  # a turn is finished: what was acquired is released
    assert len(report.latencies) == len(done)
    assert sum(report.latencies) == pytest.approx(report.seconds)


def test_a_stop_makes_every_call_late_that_was_due_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    def slowly() -> None:
        wait(0.041 if now == 100.0 else 0.0)  # the first call stops for four others

    monkeypatch.setattr(time, "perf_counter", lambda: now)
    monkeypatch.setattr(time, "sleep", wait)

    report = teams.at_a_fixed_rate(lambda _: [slowly], None)(0.08)

    late = [round(latency * 1000) for latency in report.latencies]
    assert late == [41, 31, 21, 11, 1, 0, 0, 0]
    assert report.seconds == pytest.approx(0.07)


async def test_every_task_does_its_operations_in_turn() -> None:
    done: list[str] = []

    async def note(what: str) -> None:
        done.append(what)

    operations: Sequence[AsyncOperation] = [
        functools.partial(note, "set"),
        functools.partial(note, "get"),
    ]

    report = await tasks.work(operations, 3, seconds=1e-6)

    assert done.count("get") == done.count("set") >= 3
    assert len(report.latencies) == len(done)


def test_a_client_that_fails_says_why() -> None:
    with (
        pytest.raises(RuntimeError, match=r"ValueError: cannot work for 2 s"),
        team(1, functools.partial(fail, 2.0)),
    ):
        pytest.fail("the team did not start")
