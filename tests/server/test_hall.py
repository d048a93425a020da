"""The hall: many clients that go at one time are seen off by and by."""

from __future__ import annotations

from shared_state_server.hall import DEPARTURES_PER_TURN

from .callers import Lobby

MANY = 3 * DEPARTURES_PER_TURN + 1


def test_so_many_sessions_end_in_one_turn_and_the_rest_in_the_next_ones(lobby: Lobby) -> None:
    callers = [lobby.call().come_in(session) for session in range(1, MANY + 1)]
    for caller in callers:
        caller.transport.lose(None)
    left = [len(lobby.service.sessions)]
    while lobby.service.sessions:
        lobby.loop.turn()
        left.append(len(lobby.service.sessions))
    assert left == [MANY, *range(MANY - DEPARTURES_PER_TURN, 0, -DEPARTURES_PER_TURN), 0]
    assert not lobby.hall.connections


def test_who_comes_back_before_it_was_seen_off_was_never_gone(lobby: Lobby) -> None:
    callers = [lobby.call().come_in(session) for session in range(1, MANY + 1)]
    last = lobby.service.sessions[MANY.to_bytes(16, "big")]
    for caller in callers:
        caller.transport.lose(None)
    lobby.loop.turn()
    again = lobby.call().come_in(MANY)
    lobby.loop.turn(10)
    assert list(lobby.service.sessions.values()) == [last]
    again.say(again.request("state.version", ""))
    assert again.replies()[-1][1] == "of the lobby"


def test_few_sessions_end_at_once(lobby: Lobby) -> None:
    for session in (1, 2):
        lobby.call().come_in(session).transport.lose(None)
        lobby.loop.turn()
        assert lobby.service.sessions == {}
