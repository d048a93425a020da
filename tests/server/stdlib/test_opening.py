"""The opening of a client of the standard library: who is late, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared_state_protocol.wire.connection import HANDSHAKE_TIMEOUT_S
from shared_state_protocol.wire.handshake import REFUSAL
from shared_state_protocol.wire.stdlib import CHALLENGE, WELCOME, frame, response
from shared_state_server.stdlib.office import Office
from tests.server.callers import KEY, Caller, Lobby

LENGTH_BYTES = 4
IN_TIME_S = HANDSHAKE_TIMEOUT_S + 0.01
"""After which the loop sees to the deadline in time; and a loop that was busy does so late."""
LATE_S = HANDSHAKE_TIMEOUT_S * 2


@pytest.fixture
def lobby() -> Iterator[Lobby]:
    lobby = Lobby()
    lobby.hall.office = Office({}, KEY)
    yield lobby
    lobby.close()


def answer(caller: Caller) -> bytes:
    """Return what proves the key."""
    challenged = caller.said()[LENGTH_BYTES:]
    return frame(response(KEY, challenged.removeprefix(CHALLENGE)))


def test_who_says_too_little_is_refused(lobby: Lobby) -> None:
    caller = lobby.call()
    caller.say(answer(caller)[:1])
    lobby.loop.pass_time(IN_TIME_S)
    assert caller.said() == REFUSAL
    assert caller.transport.is_closing()


def test_who_was_welcome_hears_nothing_that_it_would_take_for_a_reply(lobby: Lobby) -> None:
    caller = lobby.call()
    caller.say(answer(caller))
    assert caller.said() == frame(WELCOME)
    lobby.loop.pass_time(IN_TIME_S)
    assert caller.said() == b""
    assert caller.transport.is_closing()


def test_a_peer_is_not_late_because_the_loop_was(lobby: Lobby) -> None:
    caller = lobby.call()
    said = answer(caller)
    caller.say(said[:1])
    lobby.loop.pass_time(LATE_S)
    caller.say(said[1:])
    assert caller.said() == frame(WELCOME)
    lobby.loop.pass_time(IN_TIME_S)
    assert caller.transport.is_closing()
