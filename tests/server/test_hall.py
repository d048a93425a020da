"""The hall: many clients that go at one time are seen off by and by."""

from __future__ import annotations

from typing import Any

import pytest

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


def test_a_defect_at_the_end_of_one_session_keeps_no_other_from_ending(
    lobby: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    callers = [lobby.call().come_in(session) for session in range(1, MANY + 1)]
    broken = {callers[0].connection.send, callers[-1].connection.send}
    detach = lobby.service.detach

    def detach_some(lane: Any, send: Any, *, orderly: bool) -> None:
        assert send not in broken, "a defect"
        detach(lane, send, orderly=orderly)

    monkeypatch.setattr(lobby.service, "detach", detach_some)
    for caller in callers:
        caller.transport.lose(None)
    for _ in broken:
        with pytest.raises(AssertionError):
            lobby.loop.turn(MANY)
    lobby.loop.turn(MANY)
    assert len(lobby.service.sessions) == len(broken)


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


def test_what_is_handed_to_who_is_gone_and_not_yet_seen_off_returns(lobby: Lobby) -> None:
    putter = lobby.call().come_in(MANY + 1)
    putter.say(putter.request("queue.open", "q", 0, None, None))
    getters = [lobby.call().come_in(session) for session in range(1, MANY + 1)]
    for getter in getters:
        getter.say(getter.request("queue.open", "q", 0, None, None))
        getter.say(getter.request("queue.get", "q", True, None))
    for getter in getters:
        getter.transport.lose(None)
    lobby.loop.turn()
    putter.say(putter.request("queue.put", "q", b"\x01", True, None))
    lobby.loop.turn(10)
    putter.say(putter.request("queue.get", "q", False, None))
    assert putter.replies()[-2:] == [[2, None], [3, b"\x01"]]


def test_a_server_goes_down_while_many_leave(lobby: Lobby) -> None:
    callers = [lobby.call().come_in(session) for session in range(1, MANY + 1)]
    for caller in callers:
        caller.say(caller.request("queue.open", "q", 0, None, None))
        caller.say(caller.request("queue.get", "q", True, None))
        caller.transport.lose(None)
    lobby.loop.turn()
    lobby.service.close()
    lobby.hall.close()
    assert lobby.hall.is_empty.is_set()


def test_few_sessions_end_at_once(lobby: Lobby) -> None:
    for session in (1, 2):
        lobby.call().come_in(session).transport.lose(None)
        lobby.loop.turn()
        assert lobby.service.sessions == {}
