"""Whatever breaks, and whenever: what was promised holds, in every schedule that is tried.

``SHARED_STATE_SIMULATION_SEEDS=0-5000`` tries more, ``SHARED_STATE_SIMULATION_SEEDS=48`` runs one
again, and `-k Queue` names the workload. A seed means the same as long as the code is the same.
"""

from __future__ import annotations

import os

import pytest

from .schedule import Schedule
from .workloads import WORKLOADS, Workload

SEEDS = "0-100"
"""Of each workload: together they take some ten seconds."""

SEARCHED = 0.3
"""The least share of histories in which an order has to have been searched for, and found."""


def seeds() -> range:
    """Return the seeds to run."""
    first, dash, end = os.environ.get("SHARED_STATE_SIMULATION_SEEDS", SEEDS).partition("-")
    return range(int(first), int(end) if dash else int(first) + 1)


each_workload = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.__name__)


@each_workload
@pytest.mark.timeout(0)  # of as many seeds as somebody asks for
def test_every_schedule_keeps_the_promises(workload: type[Workload]) -> None:
    searched = 0
    for seed in seeds():
        schedule = Schedule(workload(), seed)
        schedule.run()
        searched += schedule.is_searched
    if workload.is_searched and len(seeds()) > 1:
        assert searched >= SEARCHED * len(seeds())


@each_workload
def test_a_seed_is_one_schedule(workload: type[Workload]) -> None:
    first, again, other = (Schedule(workload(), seed) for seed in (3, 3, 4))
    for schedule in (first, again, other):
        schedule.run()
    assert str(first.history) == str(again.history)
    assert first.witness.events == again.witness.events
    assert str(first.history) != str(other.history)
