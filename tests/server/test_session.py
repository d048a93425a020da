"""What happens when a session ends, and when it is connected."""

from __future__ import annotations

import logging

import pytest

from shared_state_server.session import Session
from shared_state_server.waiting import Call, Line, Undo

from ..fixtures.simulation import Peer, Simulation


class Diary:
    """Writes down in which order things are taken back; also a stake."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def abandon(self, session: Session, now: float) -> None:
        self.entries.append("abandoned")

    def undo(self, what: str) -> Undo:
        return lambda now: self.entries.append(what)


def test_a_session_gives_up_waiting_then_holding_then_what_was_on_its_way(
    peer: Peer,
) -> None:
    """In this order nothing that is given up can come to the session itself."""
    diary = Diary()
    line = Line(lambda: diary.entries.append("withdrawn"))
    session = peer.lane.session
    peer.lane.answer(1, "older", diary.undo("older"))
    peer.lane.answer(2, "newer", diary.undo("newer"))
    session.stakes[diary] = None
    Call(peer.lane, 3, now=0.0).park(line, None, late=None)
    session.end(now=5.0)
    assert diary.entries == ["withdrawn", "abandoned", "newer", "older"]
    assert not peer.lane.replies


def test_a_defect_in_one_object_keeps_no_other_from_being_given_up(peer: Peer) -> None:
    class Broken:
        def abandon(self, session: Session, now: float) -> None:
            raise AssertionError("a defect")

    class Whole:
        is_abandoned = False

        def abandon(self, session: Session, now: float) -> None:
            self.is_abandoned = True

    def undo(now: float) -> None:
        raise AssertionError("another defect")

    undone: list[float] = []
    broken, whole = Broken(), Whole()
    session = peer.lane.session
    session.stakes.update({broken: None, whole: None})
    peer.lane.answer(1, None, undone.append)
    peer.lane.answer(2, None, undo)
    session.end(5.0)
    assert whole.is_abandoned
    assert undone == [5.0]


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
