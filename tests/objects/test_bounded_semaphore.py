"""BoundedSemaphore through both clients: what a semaphore does not do (see `test_semaphore`)."""

from __future__ import annotations

import pytest

import shared_state
from shared_state import TypeMismatch

from ..fixtures.clients import Either
from ..fixtures.simulation import Simulation

TOO_MANY = "Semaphore released too many times"


def test_it_never_has_more_permits_than_at_first(either: Either) -> None:
    slots = either.bounded_semaphore("slots", 2)
    with pytest.raises(ValueError, match=TOO_MANY):
        slots.release()
    slots.acquire()
    slots.release()
    with pytest.raises(ValueError, match=TOO_MANY):
        slots.release()
    assert slots.value() == 2


def test_a_release_of_several_counts_as_a_whole(either: Either) -> None:
    slots = either.bounded_semaphore("slots", 3)
    slots.acquire()
    slots.acquire()
    with pytest.raises(ValueError, match=TOO_MANY):
        slots.release(3)
    assert slots.value() == 1
    slots.release(2)
    assert slots.value() == 3


def test_the_first_to_open_it_sets_the_bound(either: Either, other: shared_state.Client) -> None:
    other.bounded_semaphore("slots", 1)
    with pytest.raises(ValueError, match=TOO_MANY):
        either.bounded_semaphore("slots", 9).release()


def test_it_is_no_plain_semaphore(client: shared_state.Client) -> None:
    client.bounded_semaphore("slots")
    with pytest.raises(TypeMismatch, match="is a bounded_semaphore, not a semaphore"):
        client.semaphore("slots")


def test_a_late_release_in_a_dead_process_name_is_not_one_too_many(simulation: Simulation) -> None:
    dead = simulation.peer("bounded_semaphore.open", "slots", 2)
    dead.call("semaphore.acquire", "slots", True, None)
    parent = simulation.peer()
    dead.die()
    parent.call("semaphore.release", "slots", 1)
    with pytest.raises(ValueError, match=TOO_MANY):
        parent.call("semaphore.release", "slots", 1)
    assert parent.call("semaphore.value", "slots") == 2
