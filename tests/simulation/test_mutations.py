"""The simulation sees: whichever mechanism is taken away, some schedule shows that it is missing.

The seed that found it, and what it found, are in the log: ``pytest -o log_cli_level=INFO``.
"""

from __future__ import annotations

import logging

import pytest

from .mutations import MUTATIONS, Mutation
from .schedule import Schedule, Violation

WITHIN = 300
"""Seeds in which a seeded bug has to be found. Most are found within ten, all within a hundred."""

log = logging.getLogger(__name__)


def found(mutation: Mutation, seed: int) -> str:
    """Return what a schedule finds with the mechanism taken away, or nothing."""
    try:
        with mutation.applied():
            Schedule(mutation.workload(), seed).run()
    except Violation as violation:
        return str(violation).partition("\n")[0]
    return ""


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_a_seeded_bug_is_found(mutation: Mutation) -> None:
    for seed in range(WITHIN):
        violation = found(mutation, seed)
        if violation:
            log.info("%s: %s", mutation.name, violation)
            Schedule(mutation.workload(), seed).run()  # which finds nothing without it
            return
    pytest.fail(f"{mutation.name} was not found within {WITHIN} seeds")
