"""What may be sent again after a broken connection, and after how long."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from random import Random
from typing import Any

import pytest

from shared_state.reconnect import FIRST_DELAY_S, LONGEST_DELAY_S, LOST, check_resend, delays
from shared_state_protocol.contract import Operation
from shared_state_protocol.errors import OutcomeUnknown, StateLost
from shared_state_protocol.objects.dict import Dict
from shared_state_protocol.objects.lock import Lock
from shared_state_protocol.objects.queue import Queue

QUERY, OPENING, COMMAND, WAITING, DELIVERY = Dict.get, Dict.open, Dict.set, Lock.acquire, Queue.get

TRIES = 12

each_seed = pytest.mark.parametrize("seed", range(20))


def each(operations: Iterable[Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda each: each.wire)


@each([QUERY, OPENING, COMMAND, WAITING, DELIVERY])
def test_whatever_resumes_on_the_same_server_is_sent_again(
    operation: Operation[..., object],
) -> None:
    check_resend(operation, resumed=True, same_instance=True)


@each([QUERY, OPENING])
def test_what_changes_nothing_that_is_there_is_sent_again_by_a_lane_that_was_forgotten(
    operation: Operation[..., object],
) -> None:
    check_resend(operation, resumed=False, same_instance=True)


@each([COMMAND, WAITING, DELIVERY])
def test_of_what_changes_something_a_forgotten_lane_cannot_know_the_outcome(
    operation: Operation[..., object],
) -> None:
    with pytest.raises(OutcomeUnknown, match=f"^{operation.wire} took effect once or") as told:
        check_resend(operation, resumed=False, same_instance=True)
    assert type(told.value) is OutcomeUnknown, "the state is not lost"


@each([QUERY, OPENING, COMMAND, WAITING, DELIVERY])
@pytest.mark.parametrize("resumed", [True, False])
def test_nothing_is_sent_to_another_server(
    operation: Operation[..., object], resumed: bool
) -> None:
    with pytest.raises(StateLost, match=f"^{operation.wire} was under way") as told:
        check_resend(operation, resumed=resumed, same_instance=False)
    assert LOST in str(told.value)


@each_seed
def test_the_first_try_is_made_at_once_and_the_others_within_their_bounds(seed: int) -> None:
    first, *others = islice(delays(Random(seed)), TRIES)
    assert first == 0.0
    longest = [min(FIRST_DELAY_S * 2**doubled, LONGEST_DELAY_S) for doubled in range(TRIES - 1)]
    assert longest[-1] == LONGEST_DELAY_S, "the bound is reached"
    for delay, bound in zip(others, longest, strict=True):
        assert bound / 2 <= delay <= bound


@each_seed
def test_clients_do_not_come_all_at_once(seed: int) -> None:
    mine, others = (list(islice(delays(Random(each)), 1, TRIES)) for each in (seed, seed + 1))
    assert all(a != b for a, b in zip(mine, others, strict=True))


def test_a_seed_says_all() -> None:
    assert list(islice(delays(Random(1)), TRIES)) == list(islice(delays(Random(1)), TRIES))
