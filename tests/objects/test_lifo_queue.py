"""LifoQueue through both clients: the newest first."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shared_state
from shared_state_server.memory.ordering import Lifo

from ..fixtures.clients import Either
from ..fixtures.simulation import Simulation
from ..fixtures.watching import LONG_S, until, waiting


def test_the_newest_comes_first(either: Either) -> None:
    jobs = either.lifo_queue("jobs")
    jobs.put("a")
    jobs.put_many("bcd")
    assert jobs.get() == "d"
    assert jobs.get_many(2) == ["c", "b"]
    jobs.put_nowait("e")
    assert [jobs.get_nowait(), jobs.get(timeout=0)] == ["e", "a"]


def test_its_exceptions_are_those_of_the_standard_library(either: Either) -> None:
    jobs = either.lifo_queue("jobs", maxsize=1)
    with pytest.raises(queue.Empty):
        jobs.get_nowait()
    jobs.put("one")
    with pytest.raises(queue.Full):
        jobs.put_nowait("two")
    with pytest.raises(ValueError, match="never fit"):
        jobs.put_many(["two", "three"])
    assert jobs.get() == "one"
    jobs.task_done()
    with pytest.raises(ValueError, match="too many times"):
        jobs.task_done()


def test_who_waits_for_room_puts_on_top(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.lifo_queue("jobs", maxsize=2)
    jobs.put_many("ab")
    putting = threads.submit(jobs.put, "c")
    until(lambda: waiting(other, "jobs") == 1)
    assert other.lifo_queue("jobs").get() == "b"
    putting.result(LONG_S)
    assert jobs.get_many(9) == ["c", "a"]


def test_a_queue_in_another_order_is_another_type(client: shared_state.Client) -> None:
    client.queue("jobs")
    with pytest.raises(shared_state.TypeMismatch):
        client.lifo_queue("jobs")


def test_items_whose_delivery_failed_are_the_next_again(simulation: Simulation) -> None:
    producer = simulation.peer("lifo_queue.open", "jobs", 0, None, None)
    consumer = simulation.peer("lifo_queue.open", "jobs", 0, None, None)
    producer.call("queue.put_many", "jobs", [b"a", b"b", b"c", b"d"], True, None)
    assert consumer.call("queue.get_many", "jobs", 2, True, None) == [b"d", b"c"]
    assert consumer.call("queue.get_nowait", "jobs") == b"b"
    consumer.die()
    taken = [producer.call("queue.get_nowait", "jobs") for _ in range(4)]
    assert taken == [b"d", b"c", b"b", b"a"]


@given(st.lists(st.lists(st.binary(max_size=2), max_size=3) | st.none()))
def test_the_order_is_that_of_a_lifo_queue(steps: list[list[bytes] | None]) -> None:
    """A list of items is put; None takes one, and every second one of these comes back."""
    order, plain = Lifo(), queue.LifoQueue[bytes]()
    taken = 0
    for items in steps:
        if items is not None:
            order.push(items)
            for item in items:
                plain.put(item)
        elif not plain.empty():
            expected = plain.get()
            assert order.pop() == expected
            taken += 1
            if taken % 2:
                order.put_back([expected])
                plain.put(expected)
        assert len(order) == plain.qsize()
