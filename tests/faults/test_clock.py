"""The time of day may jump by a year at any moment: it stands in the log, and decides nothing."""

from __future__ import annotations

import itertools
import queue
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import shared_state

from ..fixtures.clients import Either
from ..fixtures.watching import LONG_S, until, waiting

YEAR_S = 365 * 24 * 3600
SOON_S = 0.02


def test_the_time_of_day_decides_nothing(
    monkeypatch: pytest.MonkeyPatch,
    either: Either,
    other: shared_state.Client,
    threads: ThreadPoolExecutor,
) -> None:
    """Server and clients are in this process, and so have its time."""
    jumps = itertools.cycle([0, YEAR_S, -YEAR_S])
    now, now_ns = time.time, time.time_ns
    monkeypatch.setattr("time.time", lambda: now() + next(jumps))
    monkeypatch.setattr("time.time_ns", lambda: now_ns() + next(jumps) * 10**9)
    jobs, leader = either.queue("jobs"), other.lock("leader")
    leader.acquire()
    assert either.lock("leader").acquire(timeout=SOON_S) is False
    with pytest.raises(queue.Empty):
        jobs.get(timeout=SOON_S)
    getting = threads.submit(jobs.get, timeout=LONG_S)
    until(lambda: waiting(other, "jobs") == 1)
    other.queue("jobs").put("item")
    assert getting.result() == "item"
    owner = leader.owner()
    assert owner is not None
    assert 0 <= owner.seconds < LONG_S
