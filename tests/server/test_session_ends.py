"""Sessions that end, and sessions that only seem to, on virtual time.

What a process that is gone was waiting for is never given to it, what it held goes to the next, and
what was on its way to it returns. A process that only lost a connection keeps all of that.
"""

from __future__ import annotations

import pytest

from shared_state_protocol.errors import ProtocolError

from ..fixtures.simulation import AGENT, FOREVER, GRACE_S, Peer, Simulation

# Gone


def test_an_item_passes_a_getter_that_died(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    consumer.get()
    living = simulation.peer()
    number = living.get()
    consumer.die()
    producer.put(b"item")
    assert living.outcome(number) == b"item"
    assert len(consumer.frames) == 1  # to open


def test_a_putter_that_died_adds_nothing(simulation: Simulation) -> None:
    consumer = simulation.peer("queue.open", "narrow", 1, None, None)
    consumer.put(b"one", "narrow")
    dead, living = simulation.peer(), simulation.peer()
    dead.ask("queue.put", "narrow", b"of the dead", *FOREVER)
    number = living.ask("queue.put", "narrow", b"of the living", *FOREVER)
    dead.die()
    assert consumer.take_all("narrow") == [b"one", b"of the living"]
    assert living.outcome(number) is None
    assert not dead.replies


def test_items_that_were_not_confirmed_return_to_the_head_in_their_order(
    producer: Peer, consumer: Peer
) -> None:
    for item in (b"1", b"2", b"3", b"4", b"5"):
        producer.put(item)
    numbers = [consumer.get() for _ in range(2)]
    consumer.ask("queue.get_many", "jobs", 2, *FOREVER)
    consumer.confirm(numbers[0])
    consumer.die()
    assert producer.take_all() == [b"2", b"3", b"4", b"5"]


def test_an_item_that_returns_goes_to_who_waits_for_one(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    consumer.get()
    producer.put(b"item")
    waiting = simulation.peer()
    number = waiting.get()
    consumer.die()
    assert waiting.outcome(number) == b"item"


def test_an_item_that_returns_is_as_unfinished_as_before(producer: Peer, consumer: Peer) -> None:
    producer.put(b"item")
    consumer.get()
    joining = producer.ask("queue.join", "jobs", None)
    consumer.die()
    assert producer.take_all() == [b"item"]
    assert joining not in producer.replies
    producer.call("queue.task_done", "jobs")
    assert producer.outcome(joining) is True


def test_an_item_that_returns_to_a_queue_that_drops_all_is_dropped_too(
    producer: Peer, consumer: Peer
) -> None:
    producer.put(b"item")
    consumer.get()
    producer.call("queue.shutdown", "jobs", True)
    joining = producer.ask("queue.join", "jobs", None)
    assert joining not in producer.replies
    consumer.die()
    assert producer.call("queue.qsize", "jobs") == 0
    assert producer.outcome(joining) is True, "it would wait for an item that nobody can get"


def test_the_lock_of_a_holder_that_died_goes_to_the_next_at_once(
    simulation: Simulation, holder: Peer
) -> None:
    waiter = simulation.peer()
    number = waiter.acquire()
    holder.die()
    assert waiter.holds(number)


def test_the_lock_passes_a_waiter_that_died(simulation: Simulation, holder: Peer) -> None:
    dead, living = simulation.peer(), simulation.peer()
    dead.acquire()
    number = living.acquire()
    dead.die()
    holder.call("lock.release", "leader")
    assert living.holds(number)
    assert not dead.replies


def test_one_release_in_the_name_of_a_dead_holder_is_absorbed(
    simulation: Simulation, holder: Peer
) -> None:
    waiter, parent = simulation.peer(), simulation.peer()
    waiter.acquire()
    holder.die()
    parent.call("lock.release", "leader")
    assert parent.call("lock.locked", "leader") is True
    parent.call("lock.release", "leader")
    assert parent.call("lock.locked", "leader") is False
    with pytest.raises(RuntimeError):
        parent.call("lock.release", "leader")


def test_the_next_holder_is_not_taken_for_a_stray(simulation: Simulation, holder: Peer) -> None:
    holder.die()
    second = simulation.peer()
    second.outcome(second.acquire())
    second.call("lock.release", "leader")
    assert second.call("lock.locked", "leader") is False


def test_who_says_goodbye_gives_everything_back_at_once(
    simulation: Simulation, producer: Peer, consumer: Peer, holder: Peer
) -> None:
    holder.get()
    producer.put(b"on its way")
    holder.say_goodbye()
    assert producer.call("lock.locked", "leader") is False
    assert producer.take_all() == [b"on its way"]
    holder.die()
    assert holder.lane.session.id not in simulation.service.sessions


def test_a_session_that_is_over_can_take_nothing_any_more(
    simulation: Simulation, producer: Peer, holder: Peer
) -> None:
    """Another thread's request may arrive behind the goodbye: nobody would ever take it back."""
    thread = holder.thread(2)
    holder.say_goodbye()
    producer.put(b"item")
    for request in (("lock.acquire", "leader", *FOREVER, AGENT), ("queue.get", "jobs", *FOREVER)):
        with pytest.raises(ProtocolError, match="over"):
            thread.ask(*request)
    thread.die()
    assert producer.call("lock.locked", "leader") is False
    assert producer.take_all() == [b"item"]


# Only away


def test_who_lost_the_connection_keeps_the_lock_for_the_grace_period(
    simulation: Simulation, holder: Peer
) -> None:
    waiter = simulation.peer()
    number = waiter.acquire()
    holder.lose()
    simulation.pass_time(GRACE_S - 0.001)
    assert number not in waiter.replies
    simulation.pass_time(0.001)
    assert waiter.holds(number)


def test_who_returns_in_time_has_lost_nothing(simulation: Simulation, holder: Peer) -> None:
    holder.lose()
    simulation.pass_time(GRACE_S / 2)
    again = holder.connect_again()
    assert again.was_known
    simulation.pass_time(GRACE_S * 2)
    assert again.call("lock.locked", "leader") is True
    again.call("lock.release", "leader")


def test_who_returns_too_late_is_somebody_new(simulation: Simulation, holder: Peer) -> None:
    holder.lose()
    simulation.pass_time(GRACE_S)
    again = holder.connect_again()
    assert not again.was_known
    assert again.call("lock.locked", "leader") is False


def test_each_loss_has_a_grace_period_of_its_own(simulation: Simulation, holder: Peer) -> None:
    holder.lose()
    simulation.pass_time(GRACE_S - 1)
    again = holder.connect_again()
    again.lose()
    simulation.pass_time(GRACE_S - 1)
    assert again.connect_again().was_known


def test_the_end_of_an_old_session_is_not_the_end_of_its_successor(
    simulation: Simulation, holder: Peer
) -> None:
    holder.lose()
    simulation.pass_time(1.0)
    second = holder.connect_again()
    second.die()
    third = second.connect_again()
    third.outcome(third.acquire())
    simulation.pass_time(GRACE_S)
    assert third.call("lock.locked", "leader") is True
    third.die()
    assert simulation.peer().call("lock.locked", "leader") is False


def test_a_connection_that_was_replaced_closes_without_effect(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    consumer.get()
    again = consumer.connect_again()
    number = again.get()
    consumer.die()
    producer.put(b"item")
    assert again.outcome(number) == b"item"
    assert len(consumer.frames) == 1  # to open


def test_a_server_that_closes_waits_for_no_grace_period(
    simulation: Simulation, holder: Peer
) -> None:
    simulation.service.close()
    holder.lose()
    assert not simulation.service.sessions


# One thread of several


def test_a_thread_that_ends_leaves_the_process_what_it_holds(
    simulation: Simulation, holder: Peer
) -> None:
    thread = holder.thread(2)
    holder.call("lock.release", "leader")
    thread.outcome(thread.acquire())
    thread.die()
    assert holder.call("lock.locked", "leader") is True
    holder.die()
    assert simulation.peer().call("lock.locked", "leader") is False


def test_a_thread_whose_connection_closes_waits_no_more(producer: Peer, consumer: Peer) -> None:
    thread = consumer.thread(2)
    thread.get()
    thread.die()
    producer.put(b"item")
    assert producer.take_all() == [b"item"]


def test_a_thread_whose_connection_closes_may_send_its_request_again(
    producer: Peer, consumer: Peer
) -> None:
    """Whatever closes it between the two: a proxy on the way closes in order too."""
    thread = consumer.thread(2)
    number = thread.ask("queue.put_nowait", "jobs", b"item")
    thread.die()
    again = thread.connect_again()
    assert again.was_known
    again.ask_again(number)
    assert producer.take_all() == [b"item"]


def test_what_was_on_its_way_to_a_thread_returns_when_the_process_is_gone(
    producer: Peer, consumer: Peer
) -> None:
    thread = consumer.thread(2)
    thread.get()
    producer.put(b"item")
    thread.die()
    consumer.die()
    assert producer.take_all() == [b"item"]


def test_a_process_of_which_the_last_thread_left_is_waited_for_and_then_gone(
    simulation: Simulation, holder: Peer
) -> None:
    """It was killed before its next thread had connected, say."""
    holder.leave()
    holder.die()
    number = simulation.peer().acquire()
    other = simulation.peer()
    simulation.pass_time(GRACE_S - 1)
    assert other.call("lock.locked", "leader") is True
    assert len(simulation.service.sessions) == 3
    simulation.pass_time(1)
    assert len(simulation.service.sessions) == 2
    assert number


def test_a_process_of_which_the_last_thread_left_may_go_on_with_another(
    simulation: Simulation, holder: Peer
) -> None:
    holder.leave()
    holder.die()
    thread = holder.thread(2)
    simulation.pass_time(2 * GRACE_S)
    assert thread.call("lock.locked", "leader") is True


def test_a_thread_that_leaves_waits_for_nothing_any_more(
    simulation: Simulation, holder: Peer
) -> None:
    thread = simulation.peer()
    thread.acquire()
    sibling = thread.thread(2)
    thread.leave()
    sibling.say_goodbye()
    holder.call("lock.release", "leader")
    assert holder.call("lock.locked", "leader") is False


def test_a_thread_that_leaves_is_forgotten(simulation: Simulation, holder: Peer) -> None:
    thread = holder.thread(2)
    thread.leave()
    assert list(holder.lane.session.lanes) == [1]
    holder.lose()
    thread.die()
    assert holder.connect_again().was_known, "the end of a thread is not that of the process"
