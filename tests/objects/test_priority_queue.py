"""PriorityQueue through both clients: the smallest first, as the server's Python compares."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shared_state
from shared_state_protocol.codec import Codec
from shared_state_server.memory.ordering import Ranked

from ..fixtures.clients import Either
from ..fixtures.simulation import FOREVER, Peer, Simulation
from ..fixtures.watching import LONG_S, until, waiting

_codec = Codec()


def test_the_smallest_comes_first(either: Either) -> None:
    jobs = either.priority_queue("jobs")
    for item in (3, 1, 2.5, True, -1):
        jobs.put(item)
    jobs.put_many([0, 10])
    assert jobs.get_many(3) == [-1, 0, 1]
    assert [jobs.get() for _ in range(4)] == [True, 2.5, 3, 10]


def test_equal_ones_come_in_the_order_they_went_in(either: Either) -> None:
    jobs = either.priority_queue("jobs")
    equal = [1, 1.0, True, 1]
    jobs.put_many([2, *equal])
    assert repr([jobs.get() for _ in equal]) == repr(equal)


def test_what_cannot_be_compared_is_not_added(either: Either) -> None:
    jobs = either.priority_queue("jobs")
    jobs.put((1, "a"))
    for put in (jobs.put, jobs.put_nowait):
        with pytest.raises(TypeError):
            put("text")
    with pytest.raises(TypeError):
        jobs.put_many([(0, "b"), (1, {}), (2, "c")])
    assert jobs.get_many(10) == [(1, "a")]
    jobs.task_done()
    assert jobs.join(timeout=0) is True


def test_who_waits_to_put_what_cannot_be_compared_is_told_and_the_next_goes_on(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.priority_queue("jobs", maxsize=2)
    jobs.put_many([5, 6])
    bad = threads.submit(jobs.put, "text")
    until(lambda: waiting(other, "jobs") == 1)
    good = threads.submit(jobs.put, 4)
    until(lambda: waiting(other, "jobs") == 2)
    assert other.priority_queue("jobs").get() == 5
    with pytest.raises(TypeError):
        bad.result(LONG_S)
    good.result(LONG_S)
    assert jobs.get_many(10) == [4, 6]


def test_who_waits_to_put_what_has_its_own_reason_not_to_be_compared_is_told_and_nobody_else(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    """A signaling NaN raises `decimal.InvalidOperation`, which is no TypeError."""
    jobs = either.priority_queue("jobs", maxsize=2)
    jobs.put_many([Decimal(5), Decimal(6)])
    bad = threads.submit(jobs.put, Decimal("sNaN"))
    until(lambda: waiting(other, "jobs") == 1)
    assert other.priority_queue("jobs").get() == 5
    with pytest.raises(TypeError, match="InvalidOperation"):
        bad.result(LONG_S)
    assert other.priority_queue("jobs").get() == 6


CAME_MEANWHILE = _codec.encode("text")


def _cancelled(consumer: Peer) -> None:
    number = consumer.ask("queue.get", "jobs", *FOREVER)
    consumer.put(CAME_MEANWHILE)
    consumer.cancel(number)


def _given_back(consumer: Peer) -> None:
    consumer.confirm(consumer.ask("queue.take", "jobs", 1, *FOREVER))
    consumer.put(CAME_MEANWHILE)
    consumer.call("queue.give_back", "jobs", 1)


def _killed_on_the_way(consumer: Peer) -> None:
    consumer.ask("queue.get", "jobs", *FOREVER)
    consumer.put(CAME_MEANWHILE)
    consumer.die()


def _killed_at_work(consumer: Peer) -> None:
    consumer.confirm(consumer.ask("queue.take", "jobs", 1, *FOREVER))
    consumer.put(CAME_MEANWHILE)
    consumer.die()


@pytest.mark.parametrize("end", [_cancelled, _given_back, _killed_on_the_way, _killed_at_work])
def test_what_returns_to_items_that_it_cannot_be_compared_with_is_the_next(
    simulation: Simulation, end: Callable[[Peer], None]
) -> None:
    consumer = simulation.peer("priority_queue.open", "jobs", 0, None, None)
    other = simulation.peer("priority_queue.open", "jobs", 0, None, None)
    consumer.put(_codec.encode(1))
    end(consumer)
    assert other.take_all() == [_codec.encode(1), CAME_MEANWHILE]


def test_who_waits_longest_is_served_first(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    getting: list[Future[Any]] = []
    for _ in range(3):
        getting.append(threads.submit(either.priority_queue("jobs").get))
        until(lambda: "jobs" in [info.name for info in other.objects()])
        until(lambda: waiting(other, "jobs") == len(getting))
    for item in (2, 1, 3):
        other.priority_queue("jobs").put(item)
    assert [each.result(LONG_S) for each in getting] == [2, 1, 3]


def test_it_is_full_and_empty_as_other_queues(either: Either) -> None:
    jobs = either.priority_queue("jobs", maxsize=1)
    with pytest.raises(queue.Empty):
        jobs.get_nowait()
    jobs.put(1)
    with pytest.raises(queue.Full):
        jobs.put(0, block=False)
    assert (jobs.qsize(), jobs.full(), jobs.get()) == (1, True, 1)


def test_an_item_whose_delivery_failed_comes_before_its_equals(simulation: Simulation) -> None:
    producer = simulation.peer("priority_queue.open", "jobs", 0, None, None)
    consumer = simulation.peer("priority_queue.open", "jobs", 0, None, None)
    for item in (1, 1.0, 0, 0):
        producer.call("queue.put_nowait", "jobs", _codec.encode(item))
    assert len(consumer.call("queue.get_many", "jobs", 3, True, None)) == 3
    producer.call("queue.put_nowait", "jobs", _codec.encode(True))
    consumer.die()
    taken = [producer.call("queue.get_nowait", "jobs") for _ in range(5)]
    assert repr([_codec.decode(item) for item in taken]) == "[0, 0, 1, 1.0, True]"


ITEMS = st.tuples(st.integers(0, 3), st.text("ab", max_size=1)) | st.tuples(st.integers(0, 3))


@given(st.lists(st.lists(ITEMS, min_size=1, max_size=4) | st.none()))
def test_the_order_is_that_of_a_stable_sort(steps: list[list[Any] | None]) -> None:
    """A list of items is put at once; None takes one."""
    ranked, plain = Ranked(), list[Any]()
    for items in steps:
        if items is not None:
            ranked.push([_codec.encode(item) for item in items])
            plain = sorted(plain + items)  # which is stable
        elif plain:
            assert _codec.decode(ranked.take()) == plain.pop(0)
        assert len(ranked) == len(plain)
    assert [_codec.decode(ranked.take()) for _ in plain] == plain


@given(st.lists(st.integers(0, 3) | st.text(max_size=1), max_size=6))
def test_it_takes_what_a_heap_would_take(items: list[Any]) -> None:
    """And after a refusal it still gives what it has in order."""
    ranked, taken = Ranked(), list[Any]()
    for item in items:
        try:
            ranked.push([_codec.encode(item)])
        except TypeError:
            assert {type(item), *map(type, taken)} == {int, str}
        else:
            taken.append(item)
    assert [_codec.decode(ranked.take()) for _ in taken] == sorted(taken)
