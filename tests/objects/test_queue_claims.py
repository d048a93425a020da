"""Claims through both clients: an item is the queue's until it is acknowledged."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import ClaimLost, InvalidName, ShutDown, TypeMismatch
from shared_state_protocol.objects import Queue as QueueContract

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.simulation import FOREVER, GRACE_S, Peer, Simulation
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""

each_type = pytest.mark.parametrize(
    "type_name", ["queue", "lifo_queue", "priority_queue", "joinable_queue"]
)


class Failure(Exception):
    """What goes wrong with an item."""


FAILED = (Failure, Failure(), None)
"""What a block that fails ends its claim with."""


def fail(jobs: Any) -> tuple[int, Any]:
    """Claim an item and fail at it; return the attempt and the item."""
    claim = jobs.claim(timeout=LONG_S)
    with pytest.raises(Failure), claim as item:
        raise Failure
    return claim.attempt, item


@each_type
def test_an_item_is_gone_at_the_end_of_the_block(either: Either, type_name: str) -> None:
    jobs = getattr(either, type_name)("jobs")
    jobs.put_many(["one", "two"])
    claim = jobs.claim()
    with claim as item:
        assert item == claim.item == ("two" if type_name == "lifo_queue" else "one")
        assert claim.attempt == 1
        assert jobs.qsize() == 1
    with jobs.claim(timeout=LONG_S):
        pass
    assert jobs.empty()
    assert jobs.join(timeout=LONG_S)


@each_type
def test_an_item_is_the_next_again_after_an_exception(either: Either, type_name: str) -> None:
    jobs = getattr(either, type_name)("jobs")
    jobs.put_many([1, 2, 3])
    first = jobs.get()
    jobs.put(first)
    failed = [fail(jobs) for _ in range(3)]
    assert [attempt for attempt, _ in failed] == [1, 2, 3]
    assert len({item for _, item in failed}) == 1
    assert jobs.get() == failed[0][1]


def test_an_item_returns_to_its_place_in_a_priority_queue(either: Either) -> None:
    jobs = either.priority_queue("jobs")
    jobs.put_many([(2, "b"), (2, "a"), (1, "z")])
    claim = jobs.claim()
    assert claim.__enter__() == (1, "z")
    jobs.put((0, "urgent"))
    claim.__exit__(*FAILED)
    assert jobs.get_many(4) == [(0, "urgent"), (1, "z"), (2, "a"), (2, "b")]


def test_a_claim_waits_for_an_item(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.queue("jobs")
    for wait in ({"block": False}, {"timeout": 0}, {"timeout": SHORT_S}):
        with pytest.raises(queue.Empty), jobs.claim(**wait):
            raise AssertionError("nothing was there to be claimed")
    with pytest.raises(ValueError, match="non-negative"), jobs.claim(timeout=-1):
        raise AssertionError("nothing was there to be claimed")
    claim = jobs.claim(timeout=LONG_S)
    waits = threads.submit(claim.__enter__)
    until(lambda: waiting(other, "jobs") == 1)
    other.queue("jobs").put("item")
    assert waits.result() == "item"
    assert claim.attempt == 1
    claim.__exit__(None, None, None)
    assert jobs.join(timeout=LONG_S)


def test_who_gets_and_who_claims_wait_in_one_line(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs, claim = other.queue("jobs"), either.queue("jobs").claim()
    first = threads.submit(jobs.get)
    until(lambda: waiting(other, "jobs") == 1)
    second = threads.submit(claim.__enter__)
    until(lambda: waiting(other, "jobs") == 2)
    third = threads.submit(jobs.get_many, 5)
    until(lambda: waiting(other, "jobs") == 3)
    jobs.put_many("abc")
    assert (first.result(), second.result(), third.result()) == ("a", "b", ["c"])


def test_a_claimed_item_takes_no_room_and_may_return_over_the_bound(either: Either) -> None:
    jobs = either.queue("jobs", maxsize=1)
    jobs.put("first")
    claim = jobs.claim()
    claim.__enter__()
    assert (jobs.qsize(), jobs.empty(), jobs.full()) == (0, True, False)
    jobs.put("second", block=False)
    claim.__exit__(*FAILED)
    assert (jobs.qsize(), jobs.full()) == (2, True)
    with pytest.raises(queue.Full):
        jobs.put("third", timeout=SHORT_S)
    assert jobs.get_many(2) == ["first", "second"]


def test_join_waits_for_the_acknowledgment(either: Either) -> None:
    jobs = either.queue("jobs")
    jobs.put("item")
    with jobs.claim():
        assert jobs.join(timeout=SHORT_S) is False
    assert jobs.join(timeout=SHORT_S) is True
    with pytest.raises(ValueError, match="too many"):
        jobs.task_done()


def test_a_claim_may_be_used_again_but_not_while_it_has_an_item(either: Either) -> None:
    jobs = either.queue("jobs")
    jobs.put_many("abc")
    claim = jobs.claim()
    for expected in "ab":
        with claim as item:
            assert item == expected
            with pytest.raises(RuntimeError, match="has an item already"):
                claim.__enter__()
    assert jobs.get_many(9) == ["c"]
    assert jobs.join(SHORT_S) is False, "what was got is not acknowledged"


def test_two_claims_of_one_client_are_two(either: Either) -> None:
    jobs = either.queue("jobs")
    jobs.put_many("ab")
    with jobs.claim() as outer:
        with pytest.raises(Failure), jobs.claim() as inner:
            raise Failure
        assert (outer, inner) == ("a", "b")
        assert jobs.get() == "b"
    assert jobs.empty()


def test_an_item_that_cannot_be_decoded_is_an_attempt_that_failed(
    either: Either, client: shared_state.Client
) -> None:
    jobs = either.queue("jobs", max_attempts=2, dead_letters="dead")
    client._lane().exchange(QueueContract.put_nowait, "jobs", (b"\xd9\x05a",))
    for _ in range(2):
        with pytest.raises(shared_state.DecodingError), jobs.claim(timeout=LONG_S):
            raise AssertionError("nobody can read that")
    assert jobs.empty()
    assert either.queue("dead").qsize() == 1


def test_there_are_no_claims_inside_a_batch(client: shared_state.Client) -> None:
    jobs = client.queue("jobs")
    jobs.put("item")
    with client.batch():
        with pytest.raises(RuntimeError, match="batch"):
            jobs.claim().__enter__()
        put = jobs.put_nowait("another")
    put.result()  # type: ignore[attr-defined]  # a promise
    assert jobs.get_many(2) == ["item", "another"]


def test_everybody_can_see_who_has_claimed_what(either: Either, other: shared_state.Client) -> None:
    jobs = either.queue("jobs")
    jobs.put_many("abc")
    with jobs.claim(), jobs.claim():
        (info,) = other.objects()
        assert info.size == 1
        assert len(info.owners) == 2
        assert all(0 <= owner.seconds < LONG_S for owner in info.owners)
    assert other.objects()[0].owners == []


# Claims that are over


def test_a_claim_is_ended_by_its_own_session_only(
    either: Either, other: shared_state.Client
) -> None:
    jobs, theirs = either.queue("jobs"), other.queue("jobs")
    jobs.put("item")
    attempt, _ = theirs.take(1)
    with pytest.raises(ClaimLost, match="claim 1 is over"):
        jobs.acknowledge(1)
    jobs.give_back(1)
    assert (attempt, jobs.qsize()) == (1, 0)
    theirs.acknowledge(1)
    with pytest.raises(ClaimLost):
        theirs.acknowledge(1)


def test_a_number_names_one_claim_at_a_time(either: Either) -> None:
    jobs = either.queue("jobs")
    jobs.put_many("ab")
    jobs.take(7)
    with pytest.raises(ValueError, match="claim 7 of this session"):
        jobs.take(7)
    assert jobs.qsize() == 1


def test_the_end_of_the_block_says_that_the_claim_was_lost(either: Either) -> None:
    jobs = either.queue("jobs")
    jobs.put("item")
    claim = jobs.claim()
    with pytest.raises(shared_state.ObjectNotFound), claim:
        either.delete("jobs")
    either.queue("jobs").put("another item")
    claim = jobs.claim()
    with pytest.raises(ClaimLost), claim:
        jobs.give_back(_number_of(claim))
    claim.__enter__()
    jobs.give_back(_number_of(claim))
    claim.__exit__(*FAILED)  # which says more than the loss
    assert claim.attempt == 2


def _number_of(claim: Any) -> int:
    number: int = getattr(claim, "_target", claim)._number
    return number


def test_a_client_that_closes_gives_back_what_it_has(server: ThreadServer, either: Either) -> None:
    jobs = either.queue("jobs")
    jobs.put_many("abcd")
    with server.connect() as leaver:
        claims = [leaver.queue("jobs").claim() for _ in range(3)]
        assert [claim.__enter__() for claim in claims] == ["a", "b", "c"]
        claims[1].__exit__(None, None, None)
    assert [fail(jobs), *((1, item) for item in jobs.get_many(9))] == [
        (2, "a"),
        (1, "a"),
        (1, "c"),
        (1, "d"),
    ]


# Dead letters


@each_type
def test_an_item_that_fails_too_often_goes_to_the_dead_letters(
    either: Either, type_name: str
) -> None:
    jobs = getattr(either, type_name)("jobs", max_attempts=2, dead_letters="dead")
    jobs.put_many(["poison"])
    assert [fail(jobs), fail(jobs)] == [(1, "poison"), (2, "poison")]
    assert jobs.empty()
    assert jobs.join(timeout=SHORT_S), "the item is the other queue's"
    letters = either.queue("dead")
    assert letters.join(timeout=SHORT_S) is False
    assert fail(letters) == (1, "poison"), "there its attempts begin anew"
    assert letters.get() == "poison"


def test_the_dead_letters_are_made_when_they_are_needed(
    either: Either, other: shared_state.Client
) -> None:
    jobs = either.queue("jobs", max_attempts=1, dead_letters="dead")
    jobs.put("poison")
    assert [info.name for info in other.objects()] == ["jobs"]
    fail(jobs)
    assert [(info.name, info.type) for info in other.objects()] == [
        ("dead", "queue"),
        ("jobs", "queue"),
    ]


def test_who_waits_for_dead_letters_gets_one(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    letter = threads.submit(other.queue("dead", maxsize=1).get)
    until(lambda: waiting(either, "dead") == 1)
    jobs = either.queue("jobs", max_attempts=1, dead_letters="dead")
    jobs.put_many(["one", "two", "three"])
    fail(jobs)
    assert letter.result() == "one"
    fail(jobs)
    fail(jobs)
    assert other.queue("dead").get_many(9) == ["two", "three"], "they have no other place"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_attempts": 2}, ValueError),
        ({"dead_letters": "dead"}, ValueError),
        ({"max_attempts": 0, "dead_letters": "dead"}, ValueError),
        ({"max_attempts": 2, "dead_letters": ""}, InvalidName),
        ({"max_attempts": 2, "dead_letters": "taken"}, TypeMismatch),
    ],
)
def test_options_that_lead_nowhere_are_refused(
    client: shared_state.Client, options: dict[str, Any], error: type[Exception]
) -> None:
    client.lock("taken")
    with pytest.raises(error):
        client.queue("jobs", **options)
    assert [info.name for info in client.objects()] == ["taken"]


@pytest.mark.parametrize("obstacle", ["another type", "shut down", "incomparable"])
def test_what_the_dead_letters_cannot_take_stays_where_it_was(
    either: Either, other: shared_state.Client, obstacle: str
) -> None:
    jobs = either.queue("jobs", max_attempts=1, dead_letters="dead")
    jobs.put("poison")
    if obstacle == "another type":
        other.lock("dead")
    elif obstacle == "shut down":
        other.queue("dead").shutdown()
    else:
        other.priority_queue("dead").put(1)
    assert [fail(jobs), fail(jobs)] == [(1, "poison"), (2, "poison")]
    assert jobs.get() == "poison"


# Shutdown


def test_after_a_shutdown_consumers_wait_for_what_others_may_give_back(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs, theirs = either.queue("jobs"), other.queue("jobs")
    jobs.put("item")
    claim = theirs.claim()
    claim.__enter__()
    jobs.shutdown()
    with pytest.raises(queue.Empty):
        jobs.get_nowait()
    heir = threads.submit(jobs.get)
    until(lambda: waiting(other, "jobs") == 1)
    claim.__exit__(*FAILED)
    assert heir.result() == "item"
    with pytest.raises(ShutDown):
        jobs.get()


def test_after_a_shutdown_consumers_leave_when_all_is_acknowledged(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs, theirs = either.queue("jobs"), other.queue("jobs")
    jobs.put("item")
    waits = threads.submit(jobs.get)
    assert waits.result() == "item"
    jobs.put("last")
    with theirs.claim():
        jobs.shutdown()
        waits = threads.submit(jobs.claim().__enter__)
        until(lambda: waiting(other, "jobs") == 1)
    with pytest.raises(ShutDown):
        waits.result()


def test_nobody_waits_for_what_he_has_himself(either: Either) -> None:
    jobs = either.queue("jobs")
    jobs.put("item")
    jobs.shutdown()
    with jobs.claim(), pytest.raises(ShutDown):
        jobs.get()


def test_an_immediate_shutdown_drops_what_comes_back(either: Either) -> None:
    jobs = either.queue("jobs", max_attempts=1, dead_letters="dead")
    jobs.put_many("ab")
    claim = jobs.claim()
    claim.__enter__()
    jobs.shutdown(immediate=True)
    assert jobs.join(timeout=SHORT_S) is False
    claim.__exit__(*FAILED)
    assert jobs.empty()
    assert jobs.join(timeout=SHORT_S)


# Sessions, on virtual time


def take(peer: Peer, claim: int) -> int:
    return peer.ask("queue.take", "jobs", claim, *FOREVER)


def test_a_session_that_is_cut_off_keeps_its_claims_for_the_grace_period(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    producer.call("queue.put_many", "jobs", [b"a", b"b", b"c"], *FOREVER)
    numbers = [take(consumer, claim) for claim in (1, 2)]
    assert [consumer.outcome(number) for number in numbers] == [[1, b"a"], [1, b"b"]]
    consumer.arrived(numbers[-1])
    consumer.lose()
    simulation.pass_time(GRACE_S * 0.9)
    consumer = consumer.connect_again()
    simulation.pass_time(GRACE_S * 100)
    consumer.call("queue.acknowledge", "jobs", 1)
    consumer.lose()
    simulation.pass_time(GRACE_S * 1.1)
    assert producer.outcome(take(producer, 1)) == [2, b"b"]
    assert producer.outcome(take(producer, 2)) == [1, b"c"]


def test_a_request_that_is_sent_again_claims_nothing_more(
    simulation: Simulation, producer: Peer, consumer: Peer
) -> None:
    producer.call("queue.put_many", "jobs", [b"a", b"b"], *FOREVER)
    number = take(consumer, 1)
    consumer.lose()
    consumer = consumer.connect_again()
    consumer.ask_again(number)
    assert consumer.outcome(number) == [1, b"a"]
    assert producer.call("queue.qsize", "jobs") == 1


def test_a_claim_that_was_given_up_before_it_came_is_no_attempt(
    producer: Peer, consumer: Peer
) -> None:
    number = take(consumer, 1)
    producer.put(b"a")
    consumer.cancel(number)
    assert producer.outcome(take(producer, 1)) == [1, b"a"]
    consumer.cancel(number)
    assert producer.call("queue.qsize", "jobs") == 0


def test_two_that_wait_to_claim_by_one_number_do_not_lose_an_item(
    producer: Peer, consumer: Peer
) -> None:
    first, second = take(consumer, 1), take(consumer, 1)
    producer.call("queue.put_many", "jobs", [b"a", b"b"], *FOREVER)
    assert consumer.outcome(first) == [1, b"a"]
    with pytest.raises(ValueError, match="claim 1 of this session"):
        consumer.outcome(second)
    consumer.die()
    assert producer.take_all() == [b"a", b"b"]


def test_a_claim_that_had_not_reached_who_died_is_no_attempt(simulation: Simulation) -> None:
    dying, heir = (simulation.peer("queue.open", "jobs", 0, 1, "dead") for _ in range(2))
    heir.call("queue.put_many", "jobs", [b"seen", b"on its way", b"next"], *FOREVER)
    dying.confirm(take(dying, 1))
    take(dying, 2)
    dying.die()
    assert heir.call("queue.qsize", "dead") == 1
    assert heir.outcome(take(heir, 1)) == [1, b"on its way"]
    assert heir.outcome(take(heir, 2)) == [1, b"next"]


def test_a_claim_may_end_before_its_delivery_is_confirmed(producer: Peer, consumer: Peer) -> None:
    producer.put(b"a")
    take(consumer, 1)
    consumer.call("queue.give_back", "jobs", 1)
    consumer.die()
    assert producer.outcome(take(producer, 1)) == [2, b"a"]
    assert producer.call("queue.qsize", "jobs") == 0


def test_what_several_claims_of_the_dead_held_returns_in_its_order(
    producer: Peer, consumer: Peer
) -> None:
    producer.call("queue.put_many", "jobs", [b"a", b"b", b"c", b"d"], *FOREVER)
    for claim in (3, 2, 1):
        take(consumer, claim)
    consumer.die()
    assert producer.take_all() == [b"a", b"b", b"c", b"d"]


def test_the_end_of_a_session_is_noticed_by_those_who_wait_for_its_items(
    simulation: Simulation,
) -> None:
    producer, consumer = (simulation.peer("queue.open", "jobs", 0, 1, "dead") for _ in range(2))
    producer.put(b"a")
    consumer.confirm(take(consumer, 1))
    producer.call("queue.shutdown", "jobs", False)
    number = producer.get()
    assert number not in producer.replies
    consumer.die()
    with pytest.raises(ShutDown):
        producer.outcome(number)


def test_nobody_waits_for_what_an_immediate_shutdown_will_drop(
    producer: Peer, consumer: Peer
) -> None:
    producer.put(b"a")
    take(consumer, 1)
    waiting = producer.get()
    producer.call("queue.shutdown", "jobs", True)
    for number in (waiting, producer.get(), producer.ask("queue.get_nowait", "jobs")):
        with pytest.raises(ShutDown):
            producer.outcome(number)
    joining = producer.ask("queue.join", "jobs", None)
    assert joining not in producer.replies
    consumer.call("queue.give_back", "jobs", 1)
    assert producer.outcome(joining) is True
    assert producer.call("queue.empty", "jobs") is True
