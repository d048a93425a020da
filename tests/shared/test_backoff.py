"""What fails is tried ever more seldom, what pays each time."""

from __future__ import annotations

from itertools import takewhile

from shared_state_protocol.backoff import MOST_SKIPPED, Backoff


def skipped(backoff: Backoff) -> int:
    """Return how many attempts are left out until the next one."""
    return sum(1 for _ in takewhile(bool, iter(backoff.skips, None)))


def test_the_first_attempt_is_made_and_each_after_one_that_paid() -> None:
    backoff = Backoff()
    assert not backoff.skips()
    backoff.paid()
    assert not backoff.skips()


def test_after_each_failure_four_times_as_many_are_left_out() -> None:
    backoff = Backoff()
    spans = []
    for _ in range(4):
        backoff.failed()
        spans.append(skipped(backoff))
    assert spans == [4, 16, 64, 256]


def test_never_more_than_the_most() -> None:
    backoff = Backoff()
    for _ in range(100):
        backoff.failed()
    assert skipped(backoff) == MOST_SKIPPED


def test_each_success_halves_what_a_failure_has_left_out() -> None:
    backoff = Backoff()
    for _ in range(3):
        backoff.failed()
        skipped(backoff)
    for _ in range(2):  # 64, 32, 16
        backoff.paid()
    backoff.failed()
    assert skipped(backoff) == 64


def test_what_pays_for_long_is_tried_again_soon_after_a_failure() -> None:
    backoff = Backoff()
    for _ in range(20):
        backoff.paid()
    backoff.failed()
    assert skipped(backoff) == 4
