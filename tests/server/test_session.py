"""What a lane remembers, and what happens when a session ends."""

from __future__ import annotations

import logging

import pytest

from shared_state_protocol.errors import InternalError
from shared_state_server.session import Session
from shared_state_server.waiting import Call, Line, Undo

from ..fixtures.simulation import Peer, Simulation


@pytest.fixture
def peer(simulation: Simulation) -> Peer:
    return simulation.peer()


class Diary:
    """Writes down in which order things are taken back; also a stake."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, float]] = []

    def abandon(self, session: Session, now: float) -> None:
        self.entries.append(("abandoned", now))

    def undo(self, what: str) -> Undo:
        return lambda now: self.entries.append((what, now))


@pytest.fixture
def diary() -> Diary:
    return Diary()


def test_replies_are_remembered_until_they_are_acknowledged(peer: Peer) -> None:
    for number in range(1, 6):
        peer.lane.answer(number, f"result {number}")
    peer.lane.acknowledge(3)
    assert list(peer.lane.replies) == [4, 5]
    assert peer.lane.acknowledged == 3


@pytest.mark.parametrize("numbers", [[1, 2, 3], [900, 1000, 1100]], ids=["dense", "sparse"])
def test_acknowledging_forgets_exactly_what_is_up_to_it(peer: Peer, numbers: list[int]) -> None:
    for number in numbers:
        peer.lane.answer(number, None)
    peer.lane.acknowledge(numbers[1])
    assert list(peer.lane.replies) == numbers[2:]


def test_acknowledging_a_huge_number_is_no_work(peer: Peer) -> None:
    """The number comes from outside: it must not be counted up to."""
    peer.lane.answer(1, None)
    peer.lane.acknowledge(2**62)
    assert not peer.lane.replies


def test_an_acknowledged_delivery_is_not_taken_back(peer: Peer, diary: Diary) -> None:
    peer.lane.answer(1, "item", diary.undo("item"))
    peer.lane.acknowledge(1)
    peer.lane.undo_all(now=1.0)
    assert diary.entries == []


def test_a_reply_is_kept_for_a_client_that_is_not_connected(peer: Peer) -> None:
    peer.lane.send = None
    peer.lane.answer(1, "result")
    assert not peer.replies
    assert 1 in peer.lane.replies


def test_a_query_is_answered_and_not_remembered(peer: Peer) -> None:
    peer.lane.tell(1, "result")
    assert peer.outcome(1) == "result"
    assert not peer.lane.replies


def test_an_error_without_a_name_on_the_wire_tells_nothing_about_the_server(peer: Peer) -> None:
    peer.lane.fail(1, ZeroDivisionError("the secret of line 7"))
    with pytest.raises(InternalError) as caught:
        peer.outcome(1)
    assert "secret" not in str(caught.value)


def test_what_is_said_to_have_arrived_is_forgotten_but_for_what_is_missing(peer: Peer) -> None:
    for number in range(1, 9):
        peer.lane.answer(number, None)
    peer.lane.arrived(7, missing={2, 5})
    assert list(peer.lane.replies) == [2, 5, 8]


def test_the_bytes_of_what_is_remembered_are_those_of_the_replies(peer: Peer) -> None:
    for number in range(1, 9):
        peer.lane.answer(number, b"x" * number)
    peer.lane.acknowledge(2)
    peer.lane.acknowledge(3)
    peer.lane.arrived(5, missing={4})
    peer.lane.confirm(6)
    peer.lane.cancel(7, now=1.0)
    peer.lane.confirm(99)
    assert list(peer.lane.replies) == [4, 8]
    assert peer.lane.kept_bytes == sum(len(frame) for frame, _ in peer.lane.replies.values())


def test_cancelling_an_answered_request_undoes_it_once(peer: Peer, diary: Diary) -> None:
    peer.lane.answer(1, "item", diary.undo("item"))
    peer.lane.cancel(1, now=2.0)
    peer.lane.cancel(1, now=3.0)
    peer.lane.undo_all(now=4.0)
    assert diary.entries == [("item", 2.0)]


def test_cancelling_a_parked_request_withdraws_it(peer: Peer) -> None:
    line = Line()
    Call(peer.lane, 1, now=0.0).park(line, None, late=None)
    peer.lane.cancel(1, now=1.0)
    assert not line
    assert not peer.replies


def test_confirming_or_cancelling_what_never_was_changes_nothing(peer: Peer) -> None:
    peer.lane.answer(1, "result")
    peer.confirm(99)
    peer.cancel(99)
    assert list(peer.lane.replies) == [1]


def test_a_session_gives_up_waiting_then_holding_then_what_was_on_its_way(
    simulation: Simulation, peer: Peer, diary: Diary
) -> None:
    """In this order nothing that is given up can come to the session itself."""
    line = Line(lambda: diary.entries.append(("withdrawn", simulation.now)))
    session = peer.lane.session
    peer.lane.answer(1, "older", diary.undo("older"))
    peer.lane.answer(2, "newer", diary.undo("newer"))
    session.stakes[diary] = None
    Call(peer.lane, 3, now=0.0).park(line, None, late=None)
    session.end(now=5.0)
    what = [entry for entry, _ in diary.entries]
    assert what == ["withdrawn", "abandoned", "newer", "older"]
    assert not peer.lane.replies


def test_a_session_is_connected_while_one_of_its_lanes_is(peer: Peer) -> None:
    second = peer.thread(2)
    session = peer.lane.session
    assert second.lane.session is session
    peer.lose()
    assert session.is_connected
    second.lose()
    assert not session.is_connected


def test_a_session_that_ends_holding_something_is_written_to_the_log(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    holder = simulation.peer("lock.open", "leader")
    holder.call("lock.acquire", "leader", True, None, 1)
    with caplog.at_level(logging.WARNING):
        holder.die()
    assert "simulated pid 1 ended while it held 'leader'" in caplog.text


def test_a_session_that_ends_with_a_part_in_something_is_written_to_the_log(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    party = simulation.peer("barrier.open", "start", 2, None)
    party.ask("barrier.arrive", "start", None, False)
    with caplog.at_level(logging.WARNING):
        party.die()
    assert caplog.messages == [
        "simulated pid 1 ended while it had a part in 1 other object: "
        "a claim, an end of a pipe or a place at a barrier"
    ]
