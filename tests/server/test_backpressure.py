"""Backpressure without a socket: a client that does not read waits, and nobody waits for it."""

from __future__ import annotations

import pytest

from shared_state_protocol.wire import messages
from shared_state_server.connection import OUTPUT_HIGH_BYTES, STALLED_READER_TIMEOUT_S

from .callers import Caller, Lobby

VALUE_BYTES = 100_000


def store_value(lobby: Lobby) -> None:
    """Put a value of `VALUE_BYTES` into the dict ``d`` under ``k``."""
    writer = lobby.call().come_in(99)
    writer.say(writer.request("dict.open", "d"))
    writer.say(writer.request("dict.set", "d", b"\xa1k", bytes(VALUE_BYTES)))
    assert [len(reply) for reply in writer.replies()] == [messages.ANSWER_PARTS] * 2


def stuck_caller(lobby: Lobby) -> Caller:
    """Return a client that asked a thousand times for the value, and reads nothing."""
    caller = lobby.call().come_in()
    caller.transport.reads = False
    caller.say(b"".join(caller.request("dict.get", "d", b"\xa1k", False) for _ in range(1000)))
    lobby.loop.turn(100)
    return caller


def test_what_waits_for_a_client_is_bounded(lobby: Lobby) -> None:
    store_value(lobby)
    caller = stuck_caller(lobby)
    assert caller.transport.waiting_bytes > OUTPUT_HIGH_BYTES
    assert caller.transport.waiting_bytes < OUTPUT_HIGH_BYTES + 2 * VALUE_BYTES
    assert caller.transport.is_reading_paused


def test_others_go_on_while_a_client_does_not_read(lobby: Lobby) -> None:
    store_value(lobby)
    stuck_caller(lobby)
    other = lobby.call().come_in(2)
    other.say(other.request("dict.size", "d"))
    assert other.replies() == [[1, 1]]


def test_a_client_that_never_reads_is_cut_off(
    lobby: Lobby, caplog: pytest.LogCaptureFixture
) -> None:
    store_value(lobby)
    caller = stuck_caller(lobby)
    lobby.loop.pass_time(STALLED_READER_TIMEOUT_S * 0.99)
    assert not caller.transport.is_closing()
    lobby.loop.pass_time(STALLED_READER_TIMEOUT_S * 0.02)
    assert caller.transport.is_gone
    assert "does not read" in caplog.text
    assert caller.connection not in lobby.hall.connections


def test_a_client_that_reads_slowly_is_not_cut_off(lobby: Lobby) -> None:
    store_value(lobby)
    caller = stuck_caller(lobby)
    for _ in range(5):
        lobby.loop.pass_time(STALLED_READER_TIMEOUT_S * 0.9)
        lobby.loop.perform(caller.transport.take, 1)
    assert not caller.transport.is_closing()


def test_reading_counts_even_if_more_has_come_meanwhile(lobby: Lobby) -> None:
    store_value(lobby)
    caller = stuck_caller(lobby)
    lobby.loop.perform(caller.transport.take, 1000)
    lobby.loop.perform(caller.connection.send, bytes(2000))  # as for a waiter that is served
    lobby.loop.pass_time(STALLED_READER_TIMEOUT_S * 1.01)
    assert not caller.transport.is_closing()


def test_a_client_that_reads_again_gets_everything(lobby: Lobby) -> None:
    store_value(lobby)
    caller = stuck_caller(lobby)
    caller.transport.reads = True
    lobby.loop.perform(caller.transport.take, caller.transport.waiting_bytes)
    lobby.loop.turn(1000)
    replies = caller.replies()
    assert [number for number, _ in replies] == list(range(1, 1001))
    assert not caller.transport.is_reading_paused


def test_more_than_the_output_limit_cuts_off_at_once(
    lobby: Lobby, caplog: pytest.LogCaptureFixture
) -> None:
    caller = lobby.call().come_in()
    caller.transport.reads = False
    reply, limit = bytes(1 << 20), lobby.hall.settings.output_limit_bytes
    for _ in range(limit // len(reply)):
        lobby.loop.perform(caller.connection.send, reply)
    assert not caller.transport.is_closing()
    lobby.loop.perform(caller.connection.send, reply)
    lobby.loop.turn()
    assert caller.transport.is_gone
    assert "output limit" in caplog.text


def test_what_was_said_leaves_before_the_hall_is_empty(lobby: Lobby) -> None:
    store_value(lobby)
    caller = lobby.call().come_in()
    caller.transport.reads = False
    caller.say(caller.request("dict.get", "d", b"\xa1k", False))
    lobby.loop.perform(lobby.hall.close)
    lobby.loop.turn()
    assert not lobby.hall.is_empty.is_set()
    lobby.loop.perform(caller.transport.take, caller.transport.waiting_bytes)
    lobby.loop.turn()
    assert lobby.hall.is_empty.is_set()
    assert caller.replies() == [[1, bytes(VALUE_BYTES)]]
