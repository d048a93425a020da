"""One service on virtual time: requests, repeats, sessions that end, and objects that go away.

The peers speak the wire by hand, so each test says exactly what is sent, when, and how often.
Values are bytes: the service does not look inside.
"""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest

from shared_state_protocol.contract import contract_name
from shared_state_protocol.errors import (
    InvalidName,
    ObjectNotFound,
    ProtocolError,
    ServerClosing,
    TypeMismatch,
)
from shared_state_protocol.names import MAX_NAME_BYTES
from shared_state_protocol.objects import CONTRACTS

from ..fixtures.simulation import FOREVER, Peer, Simulation

# Waiting


def test_a_wait_ends_exactly_at_its_deadline(simulation: Simulation, consumer: Peer) -> None:
    number = consumer.ask("queue.get", "jobs", True, 5.0)
    simulation.pass_time(4.999)
    assert number not in consumer.replies
    simulation.pass_time(0.001)
    with pytest.raises(queue.Empty):
        consumer.outcome(number)


def test_an_item_that_comes_after_the_deadline_stays(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    number = consumer.ask("queue.get", "jobs", True, 5.0)
    simulation.pass_time(5.0)
    producer.put(b"late")
    with pytest.raises(queue.Empty):
        consumer.outcome(number)
    assert producer.take_all() == [b"late"]


def test_an_item_that_comes_before_the_deadline_is_not_followed_by_an_empty(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    consumer.ask("queue.get", "jobs", True, 5.0)
    simulation.pass_time(4.999)
    producer.put(b"early")
    simulation.pass_time(10.0)
    assert len(consumer.frames) == 2  # to open, and the item
    assert producer.take_all() == []


def test_what_threading_calls_for_ever_may_be_a_timeout(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    number = consumer.ask("queue.get", "jobs", True, threading.TIMEOUT_MAX)
    simulation.pass_time(24 * 3600.0)
    producer.put(b"item")
    assert consumer.outcome(number) == b"item"


def test_a_deadline_that_is_set_later_and_sooner_rings_in_its_turn(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    late = consumer.ask("queue.get", "jobs", True, 9.0)
    simulation.pass_time(1.0)
    soon = producer.ask("queue.get", "jobs", True, 2.0)
    simulation.pass_time(2.0)
    assert soon in producer.replies
    assert late not in consumer.replies
    simulation.pass_time(6.0)
    assert late in consumer.replies


def test_so_many_items_wake_so_many_waiters_and_no_other(
    simulation: Simulation, producer: Peer
) -> None:
    waiting = [simulation.peer() for _ in range(1000)]
    numbers = [peer.get() for peer in waiting]
    items = [b"%d" % count for count in range(300)]
    producer.call("queue.put_many", "jobs", items, *FOREVER)
    served = [peer.outcome(number) for peer, number in zip(waiting[:300], numbers, strict=False)]
    assert served == items
    assert not any(peer.replies for peer in waiting[300:])


def test_every_release_wakes_the_next_waiter_and_no_other(
    simulation: Simulation, holder: Peer
) -> None:
    waiting = [simulation.peer() for _ in range(1000)]
    numbers = [peer.acquire() for peer in waiting]
    for peer, number in zip(waiting[:300], numbers, strict=False):
        assert not peer.replies
        holder.call("lock.release", "leader")
        assert peer.holds(number)
        holder = peer
    assert not any(peer.replies for peer in waiting[300:])


# Objects that go away


@pytest.mark.parametrize(
    "request_",
    [
        ("queue.get", "full", *FOREVER),
        ("queue.get_many", "full", 3, *FOREVER),
        ("queue.put", "full", b"two", *FOREVER),
        ("queue.put_many", "full", [b"two"], *FOREVER),
        ("queue.join", "full", None),
    ],
    ids=lambda request: str(request[0]),
)
def test_who_waits_at_a_queue_that_is_deleted_is_told(
    simulation: Simulation, request_: tuple[Any, ...]
) -> None:
    peer = simulation.peer("queue.open", "full", 1, None, None)
    peer.put(b"one", "full")
    if "get" in request_[0]:
        number = peer.ask("queue.get_nowait", "full")
        peer.confirm(number)
    waiting = peer.ask(*request_)
    assert waiting not in peer.replies
    assert peer.call("state.delete", "", "full") is True
    with pytest.raises(ObjectNotFound, match="was deleted"):
        peer.outcome(waiting)


def test_who_waits_for_a_lock_that_is_deleted_is_told(simulation: Simulation, holder: Peer) -> None:
    waiter = simulation.peer()
    number = waiter.acquire()
    holder.call("state.delete", "", "leader")
    with pytest.raises(ObjectNotFound, match="was deleted"):
        waiter.outcome(number)
    assert not holder.lane.session.stakes


def test_a_holder_of_a_deleted_lock_dies_without_touching_the_new_one(
    simulation: Simulation, holder: Peer
) -> None:
    holder.call("state.delete", "", "leader")
    second = simulation.peer("lock.open", "leader")
    second.outcome(second.acquire())
    holder.die()
    assert second.call("lock.locked", "leader") is True


def test_deleting_what_is_not_there_deletes_nothing(producer: Peer) -> None:
    assert producer.call("state.delete", "", "nothing") is False
    assert producer.call("state.delete", "", "") is False
    assert producer.call("state.version", "") == "simulated"


def test_who_waits_when_the_server_closes_is_told_and_nobody_is_served(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    waiting = consumer.get()
    parked = producer.thread(2)
    other = parked.get()
    simulation.service.close()
    for peer, number in ((consumer, waiting), (parked, other)):
        with pytest.raises(ServerClosing):
            peer.outcome(number)
    with pytest.raises(ServerClosing):
        producer.put(b"item")


# Names, types, and what is no message


def test_objects_are_listed_by_name_with_their_types_and_sizes(
    producer: Peer, holder: Peer
) -> None:
    producer.put(b"item")
    producer.call("dict.open", "config")
    assert [info[:3] for info in producer.call("state.objects", "")[1]] == [
        ["config", "dict", 0],
        ["jobs", "queue", 1],
        ["leader", "lock", 1],
    ]


def test_a_taken_name_is_no_name_for_another_type(producer: Peer) -> None:
    for request in (("dict.open", "jobs"), ("dict.size", "jobs")):
        with pytest.raises(TypeMismatch, match="'jobs' is a queue, not a dict"):
            producer.call(*request)


def test_opening_what_is_there_changes_nothing(producer: Peer) -> None:
    producer.put(b"item")
    producer.call("queue.open", "jobs", 7, None, None)
    assert producer.call("queue.maxsize", "jobs") == 0
    assert producer.take_all() == [b"item"]


@pytest.mark.parametrize("name", ["", "x" * (MAX_NAME_BYTES + 1), "\u20ac" * 86, "a\nb", "\x00"])
def test_a_name_that_nobody_could_read_is_refused(producer: Peer, name: str) -> None:
    with pytest.raises((InvalidName, TypeMismatch)):
        producer.call("queue.open", name, 0, None, None)


NEED_OPTIONS = ("array", "barrier", "value")
"""Types that nobody can create by a name alone."""


def test_a_server_shares_objects_of_every_type_from_the_start(simulation: Simulation) -> None:
    shared = [name for name in map(contract_name, CONTRACTS) if name not in NEED_OPTIONS]
    for name in shared:
        simulation.service.objects.share(f"a {name}", name)
    assert len(simulation.peer().call("state.objects", "")[1]) == len(shared)
    for name in NEED_OPTIONS:
        with pytest.raises(ValueError, match="needs options"):
            simulation.service.objects.share("x", name)
    with pytest.raises(ValueError, match="no type 'heap'; there are"):
        simulation.service.objects.share("pile", "heap")


@pytest.mark.parametrize(
    "request_",
    [
        ("queue.steal", "jobs"),
        ("queue.get", "jobs"),
        ("queue.put_nowait", "jobs", "text"),
        ("queue.get_many", "jobs", True, True, None),
        ("queue.__init__", "jobs", 0),
    ],
    ids=lambda request: str(request[0]),
)
def test_a_request_that_no_contract_has_is_an_error_and_changes_nothing(
    producer: Peer, request_: tuple[Any, ...]
) -> None:
    with pytest.raises(ProtocolError):
        producer.call(*request_)
    assert producer.call("queue.qsize", "jobs") == 0


def test_an_object_that_is_not_there_is_an_error(producer: Peer) -> None:
    with pytest.raises(ObjectNotFound, match="there is no object named 'nothing'"):
        producer.call("queue.qsize", "nothing")
