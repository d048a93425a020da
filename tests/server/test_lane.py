"""What a lane remembers, and which lanes are resumed, so that no request is carried out twice."""

from __future__ import annotations

import pytest

from shared_state_protocol.errors import InternalError
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.large import Frame
from shared_state_server.waiting import Call, Line

from ..fixtures.simulation import GRACE_S, Peer, Simulation
from ..shared.wire.opening import HELLO


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


def test_an_acknowledged_delivery_is_not_taken_back(peer: Peer) -> None:
    undone: list[float] = []
    peer.lane.answer(1, "item", undone.append)
    peer.lane.acknowledge(1)
    peer.lane.undo_all(now=1.0)
    assert not undone


def test_a_reply_is_kept_for_a_client_that_is_not_connected(peer: Peer) -> None:
    peer.lane.send = None
    peer.lane.answer(1, "result")
    assert not peer.replies
    assert 1 in peer.lane.replies


def test_a_query_is_answered_and_not_remembered(peer: Peer) -> None:
    peer.lane.tell(messages.answer(1, "result"))
    assert peer.outcome(1) == "result"
    assert not peer.lane.replies


def test_an_error_without_a_name_on_the_wire_tells_nothing_about_the_server(peer: Peer) -> None:
    peer.lane.fail(1, LookupError("the secret of line 7"))
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


def test_cancelling_an_answered_request_undoes_it_once(peer: Peer) -> None:
    undone: list[float] = []
    peer.lane.answer(1, "item", undone.append)
    peer.lane.cancel(1, now=2.0)
    peer.lane.cancel(1, now=3.0)
    peer.lane.undo_all(now=4.0)
    assert undone == [2.0]


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


def test_a_lane_that_comes_back_is_known(peer: Peer) -> None:
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


def test_another_lane_of_a_known_session_is_new(peer: Peer) -> None:
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


def ignore(frame: Frame) -> None:
    """Lose what the server says."""
