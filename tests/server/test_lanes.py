"""Lanes: which of them are resumed, so that no request is carried out twice."""

from __future__ import annotations

from shared_state_protocol.wire import messages
from shared_state_protocol.wire.large import Frame
from tests.fixtures.simulation import GRACE_S, Simulation
from tests.shared.wire.opening import HELLO


def test_a_lane_that_comes_back_is_known(simulation: Simulation) -> None:
    peer = simulation.peer()
    assert not peer.was_known
    peer.lose()
    assert peer.connect_again().was_known


def test_a_lane_that_was_forgotten_is_said_to_be_new_until_the_client_has_heard_it(
    simulation: Simulation,
) -> None:
    hello = HELLO._replace(resumes=True)
    attach = simulation.service.attach
    assert not attach(hello, ignore)[1]
    assert not attach(hello, ignore)[1], "the first welcome may have been lost"
    lane, _ = attach(hello, ignore)
    simulation.service.receive(lane, messages.request(57, 0, "state.version", "", ())[4:])
    assert attach(hello, ignore)[1]


def ignore(frame: Frame) -> None:
    """Lose what the server says."""


def test_another_lane_of_a_known_session_is_new(simulation: Simulation) -> None:
    peer = simulation.peer()
    assert not peer.thread(lane=2).was_known


def test_a_lane_is_not_known_because_another_came_back_first(simulation: Simulation) -> None:
    first = simulation.peer("queue.open", "q", 0, None, None)
    second = first.thread(lane=2)
    second.call("queue.put_nowait", "q", b"\x01")  # the reply is lost with the connection
    first.lose()
    second.lose()
    simulation.pass_time(GRACE_S)  # and the session with all its replies is over
    assert not first.connect_again().was_known
    assert not second.connect_again().was_known, "it would put the item a second time"
