"""Holdings: which grant a release gives back, whatever other threads did in the meantime."""

from __future__ import annotations

import pytest

from shared_state import Grant
from shared_state.holdings import Holdings

FIRST, SECOND = Grant("leader", 1), Grant("leader", 2)


@pytest.fixture
def holdings() -> Holdings:
    return Holdings()


def test_what_was_taken_is_given_once(holdings: Holdings) -> None:
    holdings.take(FIRST)
    assert holdings.grant("leader") == FIRST
    assert holdings.give("leader") == (FIRST, 1)
    assert holdings.grant("leader") is None
    assert holdings.give("leader") is None


def test_the_same_grant_is_counted(holdings: Holdings) -> None:
    for _ in range(2):
        holdings.take(FIRST)
    holdings.give("leader")
    assert holdings.grant("leader") == FIRST
    holdings.give("leader")
    assert holdings.grant("leader") is None


def test_another_grant_begins_anew(holdings: Holdings) -> None:
    """The first was released by somebody else."""
    holdings.take(FIRST)
    holdings.take(SECOND)
    assert holdings.give("leader") == (SECOND, 1)
    assert holdings.grant("leader") is None


def test_a_release_that_may_have_failed_is_restored(holdings: Holdings) -> None:
    holdings.take(FIRST)
    holdings.take(FIRST)
    before = holdings.give("leader")
    holdings.restore(before)
    assert holdings.give("leader") == (FIRST, 2)


def test_what_another_thread_has_taken_since_stays(holdings: Holdings) -> None:
    holdings.take(FIRST)
    before = holdings.give("leader")
    holdings.take(SECOND)
    holdings.restore(before)
    assert holdings.grant("leader") == SECOND


def test_nothing_that_was_not_held_is_restored(holdings: Holdings) -> None:
    holdings.restore(None)
    assert holdings.grant("leader") is None


def test_a_condition_gives_all_back_and_takes_as_much_again(holdings: Holdings) -> None:
    holdings.take(FIRST)
    holdings.take(FIRST)
    before = holdings.put_aside("leader")
    assert holdings.grant("leader") is None
    holdings.take_again(SECOND, before)
    assert holdings.give("leader") == (SECOND, 2)


def test_a_condition_that_knew_nothing_has_taken_it_once(holdings: Holdings) -> None:
    holdings.take_again(SECOND, None)
    assert holdings.give("leader") == (SECOND, 1)


def test_a_fork_holds_nothing(holdings: Holdings) -> None:
    holdings.take(FIRST)
    holdings.clear()
    assert holdings.grant("leader") is None
