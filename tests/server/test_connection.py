"""Connections without a socket: turns, limits and deadlines, counted and never timed."""

from __future__ import annotations

import errno
import logging
import socket
import tracemalloc

import pytest
from ormsgpack import packb

from shared_state_protocol.wire.connection import HANDSHAKE_TIMEOUT_S, MAX_HELLO_BYTES
from shared_state_protocol.wire.frames import HEADER_BYTES, frame
from shared_state_protocol.wire.handshake import GREETING_BYTES, MAGIC, REFUSAL
from shared_state_server.connection import REQUESTS_PER_TURN, TURN_S
from shared_state_server.lane import Lane

from .callers import Caller, Lobby, Socket

# Opening


def test_the_server_speaks_first(lobby: Lobby) -> None:
    assert len(lobby.call().said()) == GREETING_BYTES


def test_requests_may_follow_the_hello_at_once(lobby: Lobby) -> None:
    caller = lobby.call()
    caller.said()
    caller.say(caller.hello() + caller.request("dict.open", "d") + caller.request("dict.size", "d"))
    assert b"".join(caller.transport.writes).endswith(
        frame(packb([1, None])) + frame(packb([2, 0]))
    )


def test_a_hello_may_come_a_byte_at_a_time(lobby: Lobby) -> None:
    caller = lobby.call()
    caller.said()
    for byte in caller.hello():
        assert caller.said() == b""
        caller.say(bytes((byte,)))
    assert caller.said() != b""
    assert lobby.hall.admission.clients == 1


def test_who_is_late_may_try_again(lobby: Lobby) -> None:
    caller = lobby.call()
    caller.said()
    caller.say(b"SHS")
    lobby.loop.pass_time(HANDSHAKE_TIMEOUT_S * 0.99)
    assert caller.said() == b""
    lobby.loop.pass_time(HANDSHAKE_TIMEOUT_S * 0.02)
    assert caller.said() == b""
    assert caller.transport.is_gone


def test_a_dribble_does_not_move_the_deadline(lobby: Lobby) -> None:
    caller = lobby.call()
    caller.said()
    hello = caller.hello()
    for byte in hello[:-1]:
        caller.say(bytes((byte,)))
        lobby.loop.pass_time(HANDSHAKE_TIMEOUT_S / (len(hello) - 2))
    assert caller.said() == b""
    assert caller.transport.is_gone


def test_who_came_in_has_no_deadline(lobby: Lobby) -> None:
    caller = lobby.call().come_in()
    lobby.loop.pass_time(1000 * HANDSHAKE_TIMEOUT_S)
    assert not caller.transport.is_closing()
    assert caller.said() == b""


def test_a_refusal_is_said_once(lobby: Lobby) -> None:
    caller = lobby.call()
    caller.said()
    caller.transport.reads = False  # so that the connection stays while it is being closed
    caller.say(b"garbage")
    assert caller.said() == REFUSAL
    lobby.loop.perform(caller.connection.data_received, b"more garbage")
    lobby.loop.pass_time(10 * HANDSHAKE_TIMEOUT_S)
    assert caller.said() == b""


def test_flow_control_before_the_handshake_is_harmless(lobby: Lobby) -> None:
    caller = lobby.call()
    lobby.loop.perform(caller.connection.pause_writing)
    lobby.loop.perform(caller.connection.resume_writing)
    assert not caller.transport.is_reading_paused
    caller.come_in()


def test_a_peer_that_reset_its_connection_at_once_costs_nothing(lobby: Lobby) -> None:
    caller = lobby.call(peername=None)
    caller.transport.lose(ConnectionResetError())
    lobby.loop.turn()
    assert lobby.hall.admission.pending == 0


def test_a_peer_that_is_gone_before_its_socket_is_set_up_costs_nothing(
    lobby: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Socket, level: int, option: int, value: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(Socket, "setsockopt", refuse)
    caller = lobby.call()
    caller.transport.lose(ConnectionResetError())
    lobby.loop.turn()
    assert lobby.hall.admission.pending == 0


def test_the_kernel_is_to_notice_when_a_peer_dies(lobby: Lobby) -> None:
    options = lobby.call().transport.get_extra_info("socket").options
    assert options[socket.SOL_SOCKET, socket.SO_KEEPALIVE] == 1
    assert (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) in options


def test_an_unknown_peer_costs_at_most_8_kib(lobby: Lobby) -> None:
    almost = MAGIC + MAX_HELLO_BYTES.to_bytes(HEADER_BYTES, "little") + bytes(MAX_HELLO_BYTES - 1)
    peers = 30
    tracemalloc.start()
    try:
        callers = [lobby.call() for _ in range(peers)]
        for caller in callers:
            caller.say(almost[:1000])
            caller.say(almost[1000:])
        ours = tracemalloc.Filter(True, "*/shared_state_*")
        taken = tracemalloc.take_snapshot().filter_traces([ours]).traces
        assert sum(trace.size for trace in taken) < peers * 8 * 1024
    finally:
        tracemalloc.stop()
    assert lobby.hall.admission.pending == peers


# Turns


def flood(caller: Caller, count: int) -> bytes:
    return b"".join(caller.request("state.version", "") for _ in range(count))


def record_turns(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list of the processes whose requests are carried out, as it grows."""
    order: list[int] = []
    receive = lobby.service.receive

    def recording(lane: Lane, payload: bytes) -> None:
        order.append(lane.session.hello.pid)
        receive(lane, payload)

    monkeypatch.setattr(lobby.service, "receive", recording)
    return order


def test_a_flood_lets_others_have_their_turn(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    order = record_turns(lobby, monkeypatch)
    flooding, modest = lobby.call().come_in(1), lobby.call().come_in(2)
    lobby.loop.call_soon(flooding.connection.data_received, flood(flooding, 10_000))
    lobby.loop.call_soon(modest.connection.data_received, modest.request("state.version", ""))
    lobby.loop.turn(2)
    assert order == [1] * REQUESTS_PER_TURN + [2] + [1] * REQUESTS_PER_TURN


def test_a_turn_is_over_when_it_has_taken_long(
    lobby: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = lobby.call().come_in()
    receive = lobby.service.receive

    def take_long(lane: Lane, payload: bytes) -> None:
        lobby.loop.now += 0.6 * TURN_S
        receive(lane, payload)

    monkeypatch.setattr(lobby.service, "receive", take_long)
    caller.say(flood(caller, 5))
    done = [len(caller.replies())]
    for _ in range(3):
        lobby.loop.turn()
        done.append(len(caller.replies()))
    assert done == [2, 2, 1, 0]


def test_nothing_is_read_from_a_client_that_has_to_wait_for_its_turn(lobby: Lobby) -> None:
    caller = lobby.call().come_in()
    caller.say(flood(caller, REQUESTS_PER_TURN + 1))
    assert caller.transport.is_reading_paused
    lobby.loop.turn()
    assert not caller.transport.is_reading_paused
    assert len(caller.replies()) == REQUESTS_PER_TURN + 1


def test_a_client_that_stops_and_goes_on_reading_has_one_turn_at_a_time(
    lobby: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = record_turns(lobby, monkeypatch)
    caller = lobby.call().come_in()
    caller.say(flood(caller, 10_000))  # a turn is over, and the next is planned
    for _ in range(5):
        lobby.loop.call_soon(caller.connection.pause_writing)
        lobby.loop.call_soon(caller.connection.resume_writing)
    lobby.loop.turn()
    order.clear()
    lobby.loop.turn()
    assert len(order) <= REQUESTS_PER_TURN


def test_the_replies_of_a_turn_are_one_write(lobby: Lobby) -> None:
    caller = lobby.call().come_in()
    caller.transport.writes.clear()
    caller.say(flood(caller, 100))
    assert len(caller.transport.writes) == 1


# Clients that break the rules


def test_a_frame_over_the_limit_cuts_off(lobby: Lobby, caplog: pytest.LogCaptureFixture) -> None:
    caller = lobby.call().come_in()
    too_long = lobby.hall.settings.max_frame_bytes + 1
    caller.say(too_long.to_bytes(HEADER_BYTES, "little"))
    assert caller.transport.is_closing()
    assert f"{too_long} bytes is over the limit" in caplog.text


def test_what_follows_a_violation_is_not_carried_out(
    lobby: Lobby, caplog: pytest.LogCaptureFixture
) -> None:
    caller = lobby.call().come_in()
    rest = caller.request("dict.open", "never")
    caller.say(b"\x01\x00\x00\x00\xc0" + rest)
    lobby.loop.turn()
    assert caller.transport.is_gone
    other = lobby.call().come_in(2)
    other.say(other.request("state.objects", ""))
    assert other.replies() == [[1, [None, []]]]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


# Lanes


def test_a_lane_has_one_connection(lobby: Lobby) -> None:
    first = lobby.call().come_in(1, lane=1)
    first.say(flood(first, 2 * REQUESTS_PER_TURN))  # half of it is still to be done
    again = lobby.call().come_in(1, lane=1)
    assert first.transport.is_closing()
    first.said()
    lobby.loop.turn(5)
    assert first.said() == b""
    again.say(again.request("state.version", ""))
    assert [number for number, _ in again.replies()] == [1]


def test_lanes_of_a_session_stand_side_by_side(lobby: Lobby) -> None:
    first, second = lobby.call().come_in(1, lane=1), lobby.call().come_in(1, lane=2)
    assert not first.transport.is_closing()
    assert not second.transport.is_closing()


# Going down


def test_who_comes_while_the_hall_closes_is_turned_away(lobby: Lobby) -> None:
    there = lobby.call().come_in()
    lobby.loop.perform(lobby.hall.close)
    assert there.transport.is_closing()
    late = lobby.call()  # accepted by the kernel just before
    assert late.transport.is_closing()
    assert late.said() == b""
    lobby.loop.turn()
    assert lobby.hall.is_empty.is_set()
