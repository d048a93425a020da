"""Queue through both clients: what `queue.Queue` promises, and what only a shared one has."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import ObjectNotFound, ShutDown
from shared_state_protocol.limits import MAX_NODES
from shared_state_server.waiting import Call

from ..fixtures.clients import Either, ask
from ..fixtures.servers import ThreadServer
from ..fixtures.simulation import FOREVER, Peer, Simulation
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""


def test_items_come_out_in_the_order_they_went_in(either: Either) -> None:
    jobs = either.queue("jobs")
    items = [None, 0, "text", b"bytes", {"nested": [1, (2, 3)]}, 2**100]
    for item in items:
        jobs.put(item)
    assert [jobs.get() for _ in items] == items


def test_its_exceptions_are_those_of_the_standard_library(either: Either) -> None:
    jobs = either.queue("jobs", maxsize=1)
    with pytest.raises(queue.Empty):
        jobs.get_nowait()
    with pytest.raises(queue.Empty):
        jobs.get(block=False)
    with pytest.raises(queue.Empty):
        jobs.get_many(2, block=False)
    jobs.put("one")
    for put in (jobs.put_nowait, lambda item: jobs.put(item, block=False)):
        with pytest.raises(queue.Full):
            put("two")
    with pytest.raises(queue.Full):
        jobs.put_many(["two"], block=False)


def test_a_wait_ends_when_its_time_is_over(either: Either) -> None:
    jobs = either.queue("jobs", maxsize=1)
    for get in (jobs.get, lambda timeout: jobs.get_many(2, timeout=timeout)):
        with pytest.raises(queue.Empty):
            get(timeout=SHORT_S)
    jobs.put("one")
    with pytest.raises(queue.Full):
        jobs.put("two", timeout=SHORT_S)
    with pytest.raises(queue.Full):
        jobs.put_many(["two"], timeout=SHORT_S)
    assert jobs.join(timeout=SHORT_S) is False
    assert jobs.get_many(9) == ["one"]


def test_a_wait_may_be_longer_than_the_client_waits_for_other_replies(
    server: ThreadServer,
) -> None:
    with server.connect(timeout=SHORT_S) as client, pytest.raises(queue.Empty):
        client.queue("jobs").get(timeout=10 * SHORT_S)


@pytest.mark.parametrize(
    ("call", "arguments"),
    [("put", ["b"]), ("put_many", [["b"]]), ("get", []), ("get_many", [1]), ("join", [])],
)
def test_a_negative_timeout_is_an_error(either: Either, call: str, arguments: list[Any]) -> None:
    jobs = either.queue("jobs", maxsize=2)
    jobs.put("a")
    with pytest.raises(ValueError, match="non-negative"):
        getattr(jobs, call)(*arguments, timeout=-1)
    assert jobs.qsize() == 1


def test_a_timeout_that_no_clock_shows_is_an_error_and_consumes_nothing(either: Either) -> None:
    jobs = either.queue("jobs")
    with pytest.raises(OverflowError):
        jobs.get(timeout=float("inf"))
    with pytest.raises(ValueError, match="NaN"):
        jobs.get(timeout=float("nan"))
    jobs.put("item")
    assert jobs.get(timeout=LONG_S) == "item"


def test_sizes(either: Either) -> None:
    jobs = either.queue("jobs", maxsize=2)
    assert (ask(jobs, "maxsize"), jobs.qsize(), jobs.empty(), jobs.full()) == (2, 0, True, False)
    jobs.put("one")
    assert (jobs.qsize(), jobs.empty(), jobs.full()) == (1, False, False)
    jobs.put("two")
    assert (jobs.qsize(), jobs.empty(), jobs.full()) == (2, False, True)


@pytest.mark.parametrize("maxsize", [0, -1])
def test_a_queue_without_bound_is_never_full(either: Either, maxsize: int) -> None:
    jobs = either.queue("jobs", maxsize)
    jobs.put_many(range(1000), block=False)
    assert (ask(jobs, "maxsize"), jobs.full(), jobs.qsize()) == (0, False, 1000)


# Several at once


def test_several_go_in_and_come_out_in_one_request_each(either: Either) -> None:
    jobs = either.queue("jobs")
    jobs.put_many(item for item in "abcde")
    assert jobs.get_many(2) == ["a", "b"]
    assert jobs.get() == "c"
    assert jobs.get_many(100) == ["d", "e"]
    jobs.put_many([])
    assert jobs.empty()


def test_several_go_in_together_or_not_at_all(either: Either) -> None:
    jobs = either.queue("jobs", maxsize=3)
    jobs.put("one")
    with pytest.raises(queue.Full):
        jobs.put_many(["two", "three", "four"], block=False)
    with pytest.raises(ValueError, match="never fit into a queue of 3"):
        jobs.put_many("abcd")
    assert jobs.get_many(9) == ["one"]


@pytest.mark.parametrize("count", [0, -1])
def test_several_are_at_least_one(either: Either, count: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        either.queue("jobs").get_many(count)


def test_who_waits_for_several_is_content_with_one(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.queue("jobs")
    getting = threads.submit(jobs.get_many, 5, timeout=LONG_S)
    until(lambda: waiting(other, "jobs") == 1)
    other.queue("jobs").put("one")
    assert getting.result() == ["one"]


def test_items_that_do_not_fit_into_one_reply_come_in_the_next(either: Either) -> None:
    jobs = either.queue("jobs")
    for mark in range(5):
        jobs.put(bytes([mark]) * (3 << 20))
    got: list[int] = []
    while not jobs.empty():
        got += [item[0] for item in jobs.get_many(5)]
    assert got == [0, 1, 2, 3, 4]


def test_more_items_than_a_message_may_have_come_in_several(
    simulation: Simulation, consumer: Peer
) -> None:
    put = Call(consumer.lane, 0, simulation.now)  # at once, which no message could
    simulation.service.objects.behaviour_of("jobs").put_many(put, [b"\0"] * MAX_NODES, *FOREVER)
    got = len(consumer.call("queue.get_many", "jobs", MAX_NODES, *FOREVER))
    assert 0 < got == MAX_NODES - consumer.call("queue.qsize", "jobs")


@pytest.mark.parametrize(
    ("call", "arguments"), [("get", []), ("get_nowait", []), ("get_many", [1])]
)
def test_what_was_got_does_not_return_when_its_consumer_leaves(
    either: Either, other: shared_state.Client, call: str, arguments: list[Any]
) -> None:
    jobs = either.queue("jobs")
    other.queue("jobs").put("item")
    getattr(jobs, call)(*arguments)
    either.close()
    assert other.queue("jobs").empty()


# Lines


def test_who_waits_longest_for_an_item_is_served_first(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.queue("jobs")
    getting = []
    for waiters in range(1, 6):
        getting.append(threads.submit(jobs.get, timeout=LONG_S))
        until(lambda waiters=waiters: waiting(other, "jobs") == waiters)  # type: ignore[misc]  # bound in the loop
    other.queue("jobs").put_many(list(range(5)))
    assert [each.result() for each in getting] == [0, 1, 2, 3, 4]


def test_who_waits_longest_for_room_is_admitted_first(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.queue("jobs", maxsize=1)
    jobs.put(0)
    putting = []
    for item in range(1, 6):
        putting.append(threads.submit(jobs.put, item, timeout=LONG_S))
        until(lambda waiters=item: waiting(other, "jobs") == waiters)  # type: ignore[misc]  # bound in the loop
    assert [other.queue("jobs").get() for _ in range(6)] == [0, 1, 2, 3, 4, 5]
    assert [each.result() for each in putting] == [None] * 5


def test_who_does_not_wait_overtakes_nobody(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.queue("jobs", maxsize=2)
    jobs.put("first")
    large = threads.submit(jobs.put_many, ["second", "third"], timeout=LONG_S)
    until(lambda: waiting(other, "jobs") == 1)
    with pytest.raises(queue.Full):
        other.queue("jobs").put_nowait("pushy")
    assert [other.queue("jobs").get() for _ in range(3)] == ["first", "second", "third"]
    assert large.result() is None


# Work that is done


def test_join_waits_until_everything_is_done(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.queue("jobs")
    jobs.put_many("ab")
    joining = [threads.submit(jobs.join, timeout=LONG_S) for _ in range(2)]
    until(lambda: waiting(other, "jobs") == 2)
    assert jobs.get_many(2) == ["a", "b"]
    jobs.task_done()
    assert waiting(other, "jobs") == 2
    jobs.task_done()
    assert [each.result() for each in joining] == [True, True]
    assert jobs.join() is True


def test_more_cannot_be_done_than_was_put(either: Either) -> None:
    jobs = either.queue("jobs")
    jobs.put("one")
    jobs.task_done()
    with pytest.raises(ValueError, match="called too many times"):
        jobs.task_done()


# Objects that go away


@pytest.mark.parametrize(
    ("call", "arguments", "size"),
    [
        ("get", [], 0),
        ("get_many", [1], 0),
        ("put", ["b"], 1),
        ("put_many", [["b"]], 1),
        ("join", [], 1),
    ],
)
def test_who_waits_at_a_queue_that_is_deleted_is_told(
    either: Either,
    other: shared_state.Client,
    threads: ThreadPoolExecutor,
    call: str,
    arguments: list[Any],
    size: int,
) -> None:
    jobs = either.queue("jobs", maxsize=1)
    jobs.put_many(["a"] * size)
    waiter = threads.submit(getattr(jobs, call), *arguments, timeout=LONG_S)
    until(lambda: waiting(other, "jobs") == 1)
    assert other.delete("jobs") is True
    with pytest.raises(ObjectNotFound, match="was deleted"):
        waiter.result()


def test_what_is_shut_down_is_our_own_class_only_where_python_has_none() -> None:
    assert getattr(queue, "ShutDown", ShutDown) is ShutDown
