"""Client processes and tasks: what they do, and what they report."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import pytest

from tests.performance import tasks
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
