"""JoinableQueue through both clients: `join` waits until all that was put is dealt with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import shared_state

from ..fixtures.clients import Either, ask
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""


def test_join_waits_until_all_is_dealt_with(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.joinable_queue("jobs")
    assert jobs.join() is True
    jobs.put_many(["a", "b"])
    joining = threads.submit(jobs.join)
    until(lambda: waiting(other, "jobs") == 1)
    worker = other.joinable_queue("jobs")
    assert worker.get_many(2) == ["a", "b"]
    worker.task_done()
    assert jobs.join(timeout=SHORT_S) is False
    assert not joining.done()
    worker.task_done()
    assert joining.result(LONG_S) is True


def test_more_cannot_be_dealt_with_than_was_put(either: Either) -> None:
    jobs = either.joinable_queue("jobs")
    with pytest.raises(ValueError, match="too many times"):
        jobs.task_done()
    jobs.put("a")
    jobs.task_done()
    with pytest.raises(ValueError, match="too many times"):
        jobs.task_done()
    assert jobs.qsize() == 1


def test_items_come_out_in_the_order_they_went_in(either: Either) -> None:
    jobs = either.joinable_queue("jobs", maxsize=3)
    jobs.put_many("abc")
    assert (ask(jobs, "maxsize"), jobs.full()) == (3, True)
    assert [jobs.get() for _ in range(3)] == ["a", "b", "c"]
