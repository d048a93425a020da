"""Lanes: which of them are resumed, so that no request is carried out twice."""

from __future__ import annotations

from tests.fixtures.simulation import GRACE_S, Simulation


def test_a_lane_that_comes_back_is_known(simulation: Simulation) -> None:
    peer = simulation.peer()
    assert not peer.was_known
    peer.lose()
    assert peer.connect_again().was_known


def test_another_lane_of_a_known_session_is_new(simulation: Simulation) -> None:
    peer = simulation.peer()
    assert not peer.thread(lane=2).was_known


def test_a_lane_is_not_known_because_another_came_back_first(simulation: Simulation) -> None:
    first = simulation.peer("queue.open", "q", 0)
    second = first.thread(lane=2)
    second.call("queue.put_nowait", "q", b"\x01")  # the reply is lost with the connection
    first.lose()
    second.lose()
    simulation.pass_time(GRACE_S)  # and the session with all its replies is over
    assert not first.connect_again().was_known
    assert not second.connect_again().was_known, "it would put the item a second time"
