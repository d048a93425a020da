"""What fails is tried ever more seldom, what pays each time."""

from __future__ import annotations

import pytest

from shared_state_protocol.backoff import LONGEST_S, SHORTEST_S, Backoff

SHORT_S = 1e-6


def rest(backoff: Backoff, now: float = 1.0) -> float:
    """Fail; return for how long no attempt is made then."""
    backoff.failed(now)
    seconds = SHORTEST_S
    while backoff.rests(now + seconds + SHORT_S):
        seconds = min(4 * seconds, LONGEST_S)
    assert backoff.rests(now + seconds - SHORT_S)
    return seconds


def test_the_first_attempt_is_made_and_each_after_one_that_paid() -> None:
    backoff = Backoff()
    assert not backoff.rests(0.0)
    backoff.paid()
    assert not backoff.rests(0.0)


def test_after_each_failure_the_rest_is_four_times_as_long_up_to_the_longest() -> None:
    backoff = Backoff()
    rests = [rest(backoff) for _ in range(10)]
    assert rests[:4] == pytest.approx([0.001, 0.004, 0.016, 0.064])
    assert set(rests[4:]) == {LONGEST_S}


def test_each_success_halves_the_rest_of_the_next_failure() -> None:
    backoff = Backoff()
    for _ in range(3):
        rest(backoff)
    for _ in range(2):  # 16, 8, 4 ms
        backoff.paid()
    assert rest(backoff) == pytest.approx(0.016)


def test_what_pays_for_long_is_tried_again_soon_after_a_failure() -> None:
    backoff = Backoff()
    for _ in range(20):
        backoff.paid()
    assert rest(backoff) == pytest.approx(0.001)
