"""Event through both clients: what `threading.Event` promises."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import shared_state
from shared_state import ObjectNotFound

from ..fixtures.clients import Either
from ..fixtures.simulation import Peer, Simulation
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""


def test_it_is_set_until_it_is_cleared(either: Either) -> None:
    ready = either.event("ready")
    assert ready.is_set() is False
    for _ in range(2):
        assert ready.set() is None
        assert ready.is_set() is True
        assert [ready.wait(), ready.wait(0), ready.wait(timeout=-1)] == [True] * 3
    assert ready.clear() is None
    assert ready.is_set() is False


def test_a_wait_whose_time_is_over_says_so(either: Either) -> None:
    ready = either.event("ready")
    assert [ready.wait(SHORT_S), ready.wait(0), ready.wait(-1)] == [False] * 3
    assert waiting(either, "ready") == 0


def test_all_who_wait_are_woken_even_if_it_is_cleared_at_once(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    other.event("ready")
    sleeping = [threads.submit(either.event("ready").wait, LONG_S) for _ in range(5)]
    until(lambda: waiting(other, "ready") == 5)
    with other.batch():
        other.event("ready").set()
        other.event("ready").clear()
    assert [each.result() for each in sleeping] == [True] * 5
    assert either.event("ready").is_set() is False


def test_it_is_listed_with_who_waits(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    ready = other.event("ready")
    sleeping = threads.submit(either.event("ready").wait)
    until(lambda: waiting(other, "ready") == 1)
    (info,) = other.objects()
    assert (info.type, info.size, info.owners, info.waiters) == ("event", 0, [], 1)
    ready.set()
    assert sleeping.result() is True
    (info,) = other.objects()
    assert (info.size, info.waiters) == (1, 0)


@pytest.mark.parametrize("timeout", ["soon", b"1", float("nan")])
def test_a_timeout_is_a_number(either: Either, timeout: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        either.event("ready").wait(timeout)
    assert waiting(either, "ready") == 0


def test_who_waits_for_one_that_is_deleted_is_told(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    other.event("ready")
    sleeping = threads.submit(either.event("ready").wait, LONG_S)
    until(lambda: waiting(other, "ready") == 1)
    other.delete("ready")
    with pytest.raises(ObjectNotFound, match="was deleted"):
        sleeping.result()


# On virtual time


@pytest.fixture
def setter(simulation: Simulation) -> Peer:
    """A process that knows the event ``ready``."""
    return simulation.peer("event.open", "ready")


@pytest.mark.parametrize("is_in_time", [True, False])
def test_a_set_at_the_deadline_comes_before_it_or_after_it(
    simulation: Simulation, setter: Peer, is_in_time: bool
) -> None:
    waiter = simulation.peer()
    number = waiter.ask("event.wait", "ready", 5.0)
    simulation.pass_time(4.999 if is_in_time else 5.0)
    setter.call("event.set", "ready")
    simulation.pass_time(1.0)
    assert waiter.outcome(number) is is_in_time
    assert len(waiter.frames) == 1


def test_a_wait_that_begins_anew_sees_what_was_set_meanwhile(
    simulation: Simulation, setter: Peer
) -> None:
    waiter = simulation.peer()
    number = waiter.ask("event.wait", "ready", None)
    waiter.lose()
    setter.call("event.set", "ready")
    waiter = waiter.connect_again()
    waiter.ask_again(number)
    assert waiter.outcome(number) is True


def test_who_died_is_not_woken(simulation: Simulation, setter: Peer) -> None:
    waiter = simulation.peer()
    waiter.ask("event.wait", "ready", None)
    waiter.die()
    setter.call("event.set", "ready")
    assert not waiter.frames


def test_a_thousand_waiters_are_a_thousand_list_entries(
    simulation: Simulation, setter: Peer
) -> None:
    before = threading.active_count()
    peer = simulation.peer()
    numbers = [peer.ask("event.wait", "ready", None) for _ in range(1000)]
    assert threading.active_count() == before
    assert [len(peer.lane.waiters), len(peer.replies)] == [1000, 0]
    setter.call("event.set", "ready")
    assert [peer.outcome(number) for number in numbers] == [True] * 1000
    assert not peer.lane.waiters
