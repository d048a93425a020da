"""CPython's own tests for managers, as they lie in this interpreter, run on ours.

Each start method has a run of its own, all at once, because most of the time the suite sleeps. What
fails on us is run again on the standard library: only what fails there too may fail.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.managers.cpython.runs import START_METHODS, Outcome, Run
from tests.managers.editions import Edition

CLASSES = {
    "SubstitutionTest",
    "TestSyncManagerTypes",
    "WithManagerTestBarrier",
    "WithManagerTestCondition",
    "WithManagerTestContainers",
    "WithManagerTestEvent",
    "WithManagerTestLock",
    "WithManagerTestManagerRestart",
    "WithManagerTestMyManager",
    "WithManagerTestPool",
    "WithManagerTestQueue",
    "WithManagerTestRemoteManager",
    "WithManagerTestSemaphore",
}
"""All that every Python's suite has; a newer one may have more."""

FEWEST_TESTS = 75
"""That pass on the standard library of each Python, start method by start method."""

SABOTAGED = "TestSyncManagerTypes.test_list"
"""It pops from a list in a child, which is what the sabotage has fail."""

IN_CHILDREN = "SubstitutionTest.test_here_and_in_a_child"

pytestmark = [
    pytest.mark.timeout(600),  # seconds: the first test of this file waits for all runs
    pytest.mark.skipif(
        importlib.util.find_spec("test._test_multiprocessing") is None,
        reason="this interpreter came without its own test package, so there is no suite to run",
    ),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """A run of the suite on us for each start method, all of them going on."""
    made = {
        method: Run(Edition.OURS, method, tmp_path_factory.mktemp(method))
        for method in START_METHODS
    }
    yield made
    for run in made.values():
        run.end()


@pytest.fixture(params=START_METHODS)
def start_method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def outcomes(
    edition: Edition, start_method: str, folder: Path, *names: str, sabotage: bool = False
) -> dict[str, Outcome]:
    """Run some tests of the suite."""
    run = Run(edition, start_method, folder, *names, sabotage=sabotage)
    try:
        return run.outcomes()
    finally:
        run.end()


def failed(outcomes: dict[str, Outcome]) -> dict[str, str]:
    """Return why each test failed that did; one that began and has no end failed too."""
    return {
        name: outcome.detail
        for name, outcome in outcomes.items()
        if outcome.ended not in {"passed", "skipped"}
    }


def test_only_what_fails_on_the_standard_library_fails(
    runs: dict[str, Run], start_method: str, tmp_path: Path
) -> None:
    ours = runs[start_method].outcomes()
    why = failed(ours)
    if why:
        theirs = outcomes(Edition.STANDARD, start_method, tmp_path, *why)
        why = {name: detail for name, detail in why.items() if name not in failed(theirs)}
    assert not why, "\n\n".join([*map(str, why.items()), runs[start_method].errors()])
    assert {name.partition(".")[0] for name in ours} >= CLASSES
    assert sum(outcome.ended == "passed" for outcome in ours.values()) >= FEWEST_TESTS


def test_a_class_of_ours_that_is_sabotaged_in_children_makes_the_suite_fail(
    start_method: str, tmp_path: Path
) -> None:
    assert set(
        failed(outcomes(Edition.OURS, start_method, tmp_path, SABOTAGED, sabotage=True))
    ) == {SABOTAGED}


def test_without_the_substitution_a_child_has_the_standard_library(tmp_path: Path) -> None:
    assert not failed(outcomes(Edition.STANDARD, "spawn", tmp_path, IN_CHILDREN))
