"""Requests that are sent again, and requests that are taken back, on virtual time.

A request is carried out once, however often it is sent; what a reply carried is with its client or
back where it was, never nowhere and never in two places.
"""

from __future__ import annotations

import queue

import pytest

from shared_state_protocol.errors import (
    LimitExceeded,
    ObjectNotFound,
    OutcomeUnknown,
    ProtocolError,
)
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.messages import FAILURE_PARTS
from shared_state_server import lane

from ..fixtures.simulation import FOREVER, GRACE_S, Peer, Simulation


def test_a_command_sent_again_is_answered_from_memory_and_not_repeated(producer: Peer) -> None:
    producer.call("list.open", "log")
    number = producer.ask("list.append", "log", b"line")
    producer.ask_again(number)
    again = producer.connect_again()
    again.ask_again(number)
    assert producer.frames[-2:] == [messages.answer(number, None)] * 2
    assert again.frames == [messages.answer(number, None)]
    assert again.call("list.size", "log") == 1


def test_an_error_is_remembered_too(producer: Peer) -> None:
    number = producer.ask("queue.get_nowait", "jobs")
    producer.put(b"item")
    producer.ask_again(number)
    with pytest.raises(queue.Empty):
        producer.outcome(number)
    assert producer.take_all() == [b"item"]


def test_an_item_whose_reply_was_lost_is_handed_over_again_and_not_another(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    for item in (b"first", b"second"):
        producer.put(item)
    number = consumer.get()
    consumer.lose()
    simulation.pass_time(GRACE_S / 2)
    again = consumer.connect_again()
    assert again.was_known
    again.ask_again(number)
    assert again.outcome(number) == b"first"
    assert producer.take_all() == [b"second"]


def test_a_parked_request_waits_again_when_it_is_sent_again(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    number = consumer.get()
    consumer.lose()
    producer.put(b"while it was away")
    assert number not in consumer.replies
    again = consumer.connect_again()
    assert number not in again.replies
    again.ask_again(number)
    assert again.outcome(number) == b"while it was away"


def test_a_parked_request_that_is_not_sent_again_takes_nothing(
    producer: Peer, consumer: Peer
) -> None:
    consumer.get()
    consumer.lose()
    consumer.connect_again()
    producer.put(b"item")
    assert producer.take_all() == [b"item"]


def test_a_put_that_another_one_of_its_lane_lets_go_on_is_carried_out_once(
    simulation: Simulation,
) -> None:
    """It has room as soon as the one before it, which has none, leaves with the connection."""
    putter = simulation.peer("queue.open", "narrow", 3, None, None)
    for item in (b"a", b"b"):
        putter.put(item, "narrow")
    too_many = putter.ask("queue.put_many", "narrow", [b"c", b"d"], *FOREVER)
    one = putter.ask("queue.put", "narrow", b"e", *FOREVER)
    putter.lose()
    again = putter.connect_again()
    for number in (too_many, one):
        again.ask_again(number)
    assert simulation.peer().take_all("narrow") == [b"a", b"b", b"e", b"c", b"d"]
    assert [again.outcome(number) for number in (too_many, one)] == [None, None]


def test_a_request_sent_twice_while_it_is_parked_waits_once(producer: Peer, consumer: Peer) -> None:
    number = consumer.get()
    consumer.ask_again(number)
    producer.put(b"first")
    producer.put(b"second")
    assert consumer.outcome(number) == b"first"
    assert producer.take_all() == [b"second"]


def test_an_acknowledged_reply_is_forgotten_and_may_not_be_asked_for(consumer: Peer) -> None:
    number = consumer.ask("queue.task_done", "jobs")
    consumer.ask("queue.qsize", "jobs", acknowledged=number)
    assert not consumer.lane.replies
    with pytest.raises(ProtocolError, match="acknowledged before"):
        consumer.ask_again(number)


def test_nobody_acknowledges_the_request_that_says_so(consumer: Peer) -> None:
    number = consumer.ask("queue.put_nowait", "jobs", b"item", acknowledged=99)
    assert list(consumer.lane.replies) == [number]


# What is remembered is bounded


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many replies a lane remembers, and requests it may have waiting."""
    monkeypatch.setattr(lane, "REMEMBERED_REPLIES", 8)
    monkeypatch.setattr(lane, "MAX_PARKED", 8)
    return 8


def fill(peer: Peer, count: int) -> list[int]:
    """Have so many commands carried out whose replies are not known to have arrived."""
    return [peer.ask("list.append", "log", b"line") for _ in range(count)]


def test_a_full_lane_takes_no_more_commands_and_changes_nothing(producer: Peer, few: int) -> None:
    producer.call("list.open", "log")
    numbers = fill(producer, few)
    refused = [each for each in numbers if len(producer.replies[each]) == FAILURE_PARTS]
    assert refused == numbers[-2:], "two replies were there before"
    with pytest.raises(LimitExceeded, match="not known to have arrived"):
        producer.outcome(refused[0])
    assert producer.call("list.size", "log") == few - 2


def test_a_full_lane_goes_on_when_something_has_arrived(producer: Peer, few: int) -> None:
    producer.call("list.open", "log")
    last = fill(producer, few - 2)[-1]
    producer.arrived(last, last - 1)
    assert list(producer.lane.replies) == [last - 1]
    assert producer.call("list.append", "log", b"line") is None


def test_a_command_that_a_full_lane_refused_is_not_carried_out_when_it_is_sent_again(
    producer: Peer, few: int
) -> None:
    producer.call("list.open", "log")
    refused = fill(producer, few)[-1]
    producer.arrived(producer.previous)
    producer.call("list.append", "log", b"line")
    producer.ask_again(refused)
    with pytest.raises(OutcomeUnknown, match=r"list\.append was received before"):
        producer.outcome(refused)
    assert producer.call("list.size", "log") == few - 1


def test_a_command_that_has_arrived_is_not_carried_out_again(producer: Peer) -> None:
    producer.call("list.open", "log")
    waiting = producer.get()
    [appended] = fill(producer, 1)
    producer.arrived(appended, waiting)
    producer.ask_again(appended)
    with pytest.raises(OutcomeUnknown):
        producer.outcome(appended)
    assert producer.call("list.size", "log") == 1


def test_errors_of_queries_and_of_what_does_not_exist_are_not_remembered(producer: Peer) -> None:
    remembered = list(producer.lane.replies)
    for wire in ("dict.size", "explode.now"):
        number = producer.ask(wire, "nowhere")
        with pytest.raises((ObjectNotFound, ProtocolError)):
            producer.outcome(number)
    assert list(producer.lane.replies) == remembered


def test_a_lane_with_many_bytes_to_remember_takes_no_more_commands(
    producer: Peer, consumer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "REMEMBERED_BYTES", 100)
    producer.call("list.open", "log")
    producer.call("list.append", "log", b"x" * 200)
    large = consumer.ask("list.pop", "log", -1)
    with pytest.raises(LimitExceeded):
        consumer.outcome(consumer.ask("queue.put_nowait", "jobs", b"refused"))
    consumer.confirm(large)
    consumer.put(b"item")
    assert producer.take_all() == [b"item"]


def test_a_large_item_that_is_asked_for_again_is_the_same_though_it_was_not_remembered(
    producer: Peer, consumer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "REMEMBERED_BYTES", 100)
    for item in (b"1" * 200, b"2"):
        producer.put(item)
    number = consumer.get()
    assert consumer.lane.kept_bytes < 100
    consumer.lose()
    again = consumer.connect_again()
    again.ask_again(number)
    assert again.outcome(number) == b"1" * 200
    again.confirm(number)
    assert producer.take_all() == [b"2"]


def test_so_many_requests_of_a_lane_may_wait_and_no_more(
    simulation: Simulation, consumer: Peer, few: int
) -> None:
    numbers = [consumer.get() for _ in range(few)]
    with pytest.raises(LimitExceeded, match="wait already"):
        consumer.outcome(consumer.get())
    consumer.lose()
    again = consumer.connect_again()
    with pytest.raises(LimitExceeded):
        again.outcome(again.get())
    again.cancel(numbers[0])
    assert again.get() not in again.replies
    simulation.peer().put(b"item")
    assert again.outcome(again.previous) == b"item"


# Taking back


def test_a_cancelled_wait_takes_nothing(producer: Peer, consumer: Peer) -> None:
    consumer.cancel(consumer.get())
    producer.put(b"item")
    assert producer.take_all() == [b"item"]


def test_an_item_on_its_way_to_a_cancelled_get_returns_to_the_head(
    producer: Peer, consumer: Peer
) -> None:
    number = consumer.get()
    for item in (b"first", b"second"):
        producer.put(item)
    assert consumer.outcome(number) == b"first"
    consumer.cancel(number)
    assert producer.take_all() == [b"first", b"second"]


def test_a_confirmed_item_does_not_return(producer: Peer, consumer: Peer) -> None:
    producer.put(b"item")
    number = consumer.get()
    consumer.confirm(number)
    consumer.cancel(number)
    consumer.die()
    assert producer.take_all() == []


def test_a_cancelled_put_adds_nothing_and_lets_others_pass(
    simulation: Simulation, consumer: Peer
) -> None:
    producer = simulation.peer("queue.open", "narrow", 2, None, None)
    producer.put(b"one", "narrow")
    large = producer.ask("queue.put_many", "narrow", [b"two", b"three"], *FOREVER)
    small = producer.ask("queue.put", "narrow", b"four", *FOREVER)
    assert small not in producer.replies, "it has overtaken"
    producer.cancel(large)
    assert producer.outcome(small) is None
    assert large not in producer.replies
    assert consumer.take_all("narrow") == [b"one", b"four"]


def test_a_put_that_was_late_lets_others_pass(simulation: Simulation, consumer: Peer) -> None:
    producer = simulation.peer("queue.open", "narrow", 2, None, None)
    producer.put(b"one", "narrow")
    large = producer.ask("queue.put_many", "narrow", [b"two", b"three"], True, 1.0)
    small = producer.ask("queue.put", "narrow", b"four", *FOREVER)
    simulation.pass_time(1.0)
    with pytest.raises(queue.Full):
        producer.outcome(large)
    assert producer.outcome(small) is None
    assert consumer.take_all("narrow") == [b"one", b"four"]


def test_a_lock_on_its_way_to_a_cancelled_acquire_goes_to_the_next(
    simulation: Simulation, holder: Peer
) -> None:
    second, third = simulation.peer(), simulation.peer()
    number, waiting = second.acquire(), third.acquire()
    holder.call("lock.release", "leader")
    assert second.holds(number)
    second.cancel(number)
    assert third.holds(waiting)


def test_a_cancelled_acquire_takes_no_later_holding_away(
    simulation: Simulation, holder: Peer
) -> None:
    """The cancel of a first acquire must not free what a second one took."""
    first = holder.previous
    holder.call("lock.release", "leader")
    holder.outcome(holder.acquire())
    holder.cancel(first)
    assert holder.call("lock.locked", "leader") is True
