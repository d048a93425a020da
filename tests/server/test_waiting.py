"""Lines, waiters and deadlines by themselves; `test_service` has them at work."""

from __future__ import annotations

import math
import queue

import pytest

from shared_state_protocol.errors import ObjectNotFound
from shared_state_server.waiting import PARKED, Call, Deadlines, Line, Waiter

from ..fixtures.simulation import Peer


def park(peer: Peer, line: Line, number: int, timeout: float | None = None) -> Waiter:
    """Park request `number` of `peer` at time 0."""
    assert Call(peer.lane, number, now=0.0).park(line, timeout, late=queue.Empty()) is PARKED
    return peer.lane.waiters[number]


class Bell:
    """Counts how often it is rung."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1


@pytest.fixture
def bell() -> Bell:
    return Bell()


def test_whoever_waits_longest_is_first(peer: Peer) -> None:
    line = Line()
    first, second, third = (park(peer, line, number) for number in (1, 2, 3))
    assert list(line) == [first, second, third]
    assert line.first() is first
    first.answer(None)
    assert line.first() is second
    second.withdraw(now=0.0)
    assert line.first() is third
    assert len(line) == 1


def test_an_answered_waiter_has_left_its_line_its_lane_and_the_deadlines(peer: Peer) -> None:
    line = Line()
    park(peer, line, 1, timeout=5.0).answer("result")
    assert peer.outcome(1) == "result"
    assert not line
    assert not peer.lane.waiters
    assert peer.lane.deadlines.next() is None


def test_a_failed_waiter_has_left_and_its_client_got_the_error(peer: Peer) -> None:
    line = Line()
    park(peer, line, 1, timeout=5.0).fail(ObjectNotFound("it is gone"))
    with pytest.raises(ObjectNotFound, match="it is gone"):
        peer.outcome(1)
    assert not line
    assert not peer.lane.waiters
    assert peer.lane.deadlines.next() is None


def test_a_withdrawn_waiter_has_left_and_nobody_is_told(peer: Peer) -> None:
    line = Line()
    park(peer, line, 1, timeout=5.0).withdraw(now=0.0)
    assert not peer.replies
    assert not line
    assert not peer.lane.waiters
    assert peer.lane.deadlines.next() is None


def test_a_late_waiter_gets_what_it_was_parked_with(peer: Peer) -> None:
    line = Line()
    park(peer, line, 1, timeout=5.0).expire(now=0.0)
    with pytest.raises(queue.Empty):
        peer.outcome(1)
    Call(peer.lane, 2, now=0.0).park(line, 5.0, late=False)
    peer.lane.waiters[2].expire(now=0.0)
    assert peer.outcome(2) is False


def test_those_behind_move_up_when_one_leaves_that_was_not_served(peer: Peer, bell: Bell) -> None:
    line = Line(bell.ring)
    served, failed, late, gone = (park(peer, line, number, 5.0) for number in (1, 2, 3, 4))
    served.answer(None)
    failed.fail(ObjectNotFound())
    assert bell.rings == 0
    late.expire(now=0.0)
    assert bell.rings == 1
    gone.withdraw(now=0.0)
    assert bell.rings == 2


def test_everybody_in_a_line_can_be_failed_at_once(peer: Peer) -> None:
    line = Line()
    for number in (1, 2, 3):
        park(peer, line, number)
    line.fail_all(queue.Full())
    assert not line
    assert list(peer.replies) == [1, 2, 3]


def test_what_was_handed_over_can_be_taken_back_until_it_is_confirmed(peer: Peer) -> None:
    taken_back: list[float] = []
    line = Line()
    park(peer, line, 1).answer("item", taken_back.append)
    park(peer, line, 2).answer("item", taken_back.append)
    peer.confirm(1)
    peer.lane.undo_all(now=7.0)
    assert taken_back == [7.0]


@pytest.mark.parametrize(
    ("timeout", "error"),
    [(math.nan, ValueError), (math.inf, OverflowError), (1e300, OverflowError)],
)
def test_a_timeout_that_no_clock_reaches_parks_nobody(
    peer: Peer, timeout: float, error: type[Exception]
) -> None:
    line = Line()
    with pytest.raises(error):
        park(peer, line, 1, timeout)
    assert not line
    assert not peer.lane.waiters
    assert peer.lane.deadlines.next() is None


# Deadlines


def deadline_of(deadlines: Deadlines, peer: Peer, number: int, deadline: float) -> Waiter:
    """Watch a waiter whose time is over at `deadline`."""
    waiter = Waiter(peer.lane, number, 0.0, Line(), late=False, want=None, gone=None)
    waiter.deadline = deadline
    deadlines.add(waiter)
    return waiter


def test_deadlines_come_due_in_order_and_together_in_the_order_of_asking(peer: Peer) -> None:
    line = Line()
    deadlines = peer.lane.deadlines
    for number, timeout in [(1, 3.0), (2, 1.0), (3, 2.0), (4, 1.0)]:
        park(peer, line, number, timeout)
    for waiter in deadlines.due(2.0):
        waiter.expire(now=0.0)
    assert list(peer.replies) == [2, 4, 3]
    assert deadlines.next() == 3.0


def test_the_alarm_is_told_of_a_deadline_that_is_sooner_than_all_others(peer: Peer) -> None:
    told: list[float] = []
    deadlines = Deadlines(told.append)
    for number, deadline in enumerate([5.0, 7.0, 3.0, 4.0, 1.0]):
        deadline_of(deadlines, peer, number, deadline)
    assert told == [5.0, 3.0, 1.0]


def test_who_left_early_does_not_come_due(peer: Peer) -> None:
    line = Line()
    deadlines = peer.lane.deadlines
    early, late = park(peer, line, 1, timeout=1.0), park(peer, line, 2, timeout=2.0)
    early.withdraw(now=0.0)
    assert deadlines.next() == 2.0
    assert list(deadlines.due(1.5)) == []
    late.withdraw(now=0.0)
    assert deadlines.next() is None


def test_many_short_waits_with_long_timeouts_leave_no_memory_behind(peer: Peer) -> None:
    line = Line()
    deadlines = peer.lane.deadlines
    patient = [park(peer, line, number, timeout=float(number)) for number in range(1, 11)]
    for number in range(1000, 6000):
        park(peer, line, number, timeout=3600.0).answer(None)
        assert len(deadlines._heap) <= 2 * (len(patient) + Deadlines.MIN_GONE)
    due = []
    for waiter in deadlines.due(10.0):
        due.append(waiter)
        waiter.expire(now=0.0)
    assert due == patient


def test_a_heap_of_the_living_is_not_made_anew(peer: Peer) -> None:
    """Else a server with many patient clients would sort them at every timeout."""
    line = Line()
    deadlines = peer.lane.deadlines
    waiters = [park(peer, line, number, timeout=float(number)) for number in range(1, 1001)]
    heap = deadlines._heap
    for waiter in waiters[: 1000 // 2]:
        waiter.answer(None)
    assert deadlines._heap is heap
    for waiter in waiters[1000 // 2 :]:
        waiter.answer(None)
    assert len(deadlines._heap) <= 1000 // 2
    assert deadlines.next() is None
