"""What is known of a request until its reply is there: its patience, and how it may be lost."""

from __future__ import annotations

from typing import Any

import pytest

from shared_state.request import Request, is_closing
from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import (
    ObjectNotFound,
    OutcomeUnknown,
    ServerClosing,
    SharedStateError,
    StateLost,
    from_wire,
)
from shared_state_protocol.objects.dict import Dict
from shared_state_protocol.objects.lock import Lock
from shared_state_protocol.objects.queue import Queue
from shared_state_protocol.split import Split
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import HEADER_BYTES
from shared_state_protocol.wire.handshake import Welcome

STARTED = 100.0
TIMEOUT_S = 10.0
"""Of the session: for a reply that need not wait."""

NUMBER, ACKNOWLEDGED = 7, 5
AGENT = 1


def request(operation: Operation[..., Any], *arguments: Any) -> Request:
    return Request(NUMBER, operation, "name", arguments, STARTED)


def getting(timeout: float | None, *, block: bool = True) -> Request:
    return request(Queue.get, block, timeout)


def welcome(instance: bytes = b"one", *, resumed: bool = True) -> Welcome:
    return Welcome(1, instance, resumed, "", 1 << 20)


def error_of(reply: list[Any] | None) -> Exception:
    assert reply is not None
    number, result, name, arguments = reply
    assert (number, result) == (NUMBER, None)
    return from_wire(name, arguments)


# What is written


def written(frame: bytes) -> list[Any]:
    return messages.read(frame[HEADER_BYTES:])


def test_a_request_is_written_with_its_number_and_with_what_has_arrived() -> None:
    whole = request(Dict.set, b"key", b"value").whole_frame(ACKNOWLEDGED)
    assert written(whole) == [NUMBER, ACKNOWLEDGED, "dict.set", "name", b"key", b"value"]


def test_a_split_argument_is_written_as_if_it_were_in_one_piece() -> None:
    split = request(Dict.set, b"key", Split(b"val", memoryview(b"ue")))
    whole = request(Dict.set, b"key", b"value")
    assert written(split.whole_frame(ACKNOWLEDGED)) == written(whole.whole_frame(ACKNOWLEDGED))


# Patience


@pytest.mark.parametrize("now", [STARTED, STARTED + TIMEOUT_S, STARTED + 1000])
def test_whoever_need_not_wait_is_overdue_whenever_somebody_asks(now: float) -> None:
    """Who asks has seen that the timeout is over."""
    assert request(Dict.get, b"key").is_overdue(now, TIMEOUT_S)
    assert getting(None, block=False).is_overdue(now, TIMEOUT_S)


@pytest.mark.parametrize("timeout", [None, -1, -1.0])
def test_whoever_waits_for_ever_is_never_overdue(timeout: float | None) -> None:
    waiting = request(Lock.acquire, True, timeout, AGENT)
    assert not waiting.is_overdue(STARTED + 1e9, TIMEOUT_S)


def test_whoever_waits_for_a_while_has_the_timeout_besides() -> None:
    waiting = getting(3.0)
    assert not waiting.is_overdue(STARTED + 3.0 + TIMEOUT_S, TIMEOUT_S)
    assert waiting.is_overdue(STARTED + 3.0 + TIMEOUT_S + 0.001, TIMEOUT_S)


# Lost connections


def test_what_was_waited_already_is_taken_from_the_timeout() -> None:
    waiting = getting(10.0)
    assert waiting.lost_by(welcome(), b"one", STARTED + 4.0) is None
    assert waiting.arguments == (True, 6.0)
    assert waiting.started == STARTED + 4.0


def test_it_is_taken_once_though_the_connection_is_lost_twice() -> None:
    waiting = getting(10.0)
    for now in (STARTED + 4.0, STARTED + 5.0):
        assert waiting.lost_by(welcome(), b"one", now) is None
    assert waiting.arguments == (True, 5.0)
    assert not waiting.is_overdue(STARTED + 10.0 + TIMEOUT_S, TIMEOUT_S)
    assert waiting.is_overdue(STARTED + 10.0 + TIMEOUT_S + 0.001, TIMEOUT_S)


def test_a_timeout_that_is_over_asks_once_more_without_waiting() -> None:
    waiting = getting(10.0)
    assert waiting.lost_by(welcome(), b"one", STARTED + 11.0) is None
    assert waiting.arguments == (True, 0.0)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (Queue.get, (True, None)),
        (Queue.get, (False, None)),
        (Lock.acquire, (True, -1, AGENT)),
        (Dict.set, (b"key", b"value")),
    ],
)
def test_what_has_no_timeout_is_sent_again_as_it_was(
    operation: Operation[..., Any], arguments: Arguments
) -> None:
    sent = request(operation, *arguments)
    assert sent.lost_by(welcome(), b"one", STARTED + 4.0) is None
    assert sent.arguments == arguments


def test_another_server_has_lost_the_request_with_all_the_rest() -> None:
    for sent in (request(Dict.get, b"key"), request(Dict.set, b"key", b"value")):
        lost = error_of(sent.lost_by(welcome(b"another"), b"one", STARTED))
        assert type(lost) is StateLost
        assert str(lost).startswith(sent.operation.wire)


def test_a_server_that_has_forgotten_the_lane_leaves_the_outcome_of_a_command_unknown() -> None:
    forgotten = welcome(resumed=False)
    assert request(Dict.get, b"key").lost_by(forgotten, b"one", STARTED) is None
    assert request(Dict.open).lost_by(forgotten, b"one", STARTED) is None
    unknown = error_of(request(Dict.set, b"key", b"value").lost_by(forgotten, b"one", STARTED))
    assert type(unknown) is OutcomeUnknown


# Failures


@pytest.mark.parametrize(
    "error", [ObjectNotFound("no such object"), StateLost("lost"), ServerClosing("closing")]
)
def test_a_failure_reads_as_one_that_the_server_has_told(error: SharedStateError) -> None:
    reply = request(Dict.get, b"key").failure(error)
    told = error_of(reply)
    assert (type(told), told.args) == (type(error), error.args)
    assert reply == written(messages.failure(NUMBER, type(error).__name__, list(error.args)))


def test_a_refusal_of_a_server_that_is_closing_is_told_from_all_other_replies() -> None:
    sent = request(Dict.get, b"key")
    assert is_closing(sent.failure(ServerClosing("closing")))
    assert not is_closing(sent.failure(ObjectNotFound("no such object")))
    assert not is_closing([NUMBER, b"value"])


def test_somebody_is_told_of_a_reply_unless_the_lane_says_otherwise() -> None:
    assert request(Dict.get, b"key").is_heard
