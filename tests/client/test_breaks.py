"""Connections that break: the client comes back by itself, and not for ever."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

import shared_state
from shared_state import async_lane
from shared_state.reconnect import Breaks
from shared_state_protocol.wire.connection import ServerOpening

from ..fixtures.breaking import break_off
from ..fixtures.clients import connected
from ..fixtures.impostors import Impostor
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import until
from ..shared.wire.opening import KEY, SERVER_NONCE, WELCOME

TIMEOUT_S = 0.3


async def test_who_says_nothing_comes_back_too(
    server: ThreadServer, other: shared_state.Client
) -> None:
    def lost() -> int:
        return server.look(lambda service: sum(each.is_lost for each in service.sessions.values()))

    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key, same_host=False) as state:
        leader = state.lock("leader")
        await leader.acquire()
        first = state._lane.wire
        assert first is not None
        break_off(first.transport)
        await first.closed.wait()
        await asyncio.to_thread(until, lambda: state.transport == "tcp" and lost() == 0)
        assert await asyncio.to_thread(other.lock("leader").locked) is True
        await leader.release()


async def test_who_says_nothing_looks_for_a_server_once(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    async def find_nobody(lane: Any) -> Any:
        looks.append(lane)
        raise ConnectionRefusedError

    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key, same_host=False) as state:
        with monkeypatch.context() as patch:
            patch.setattr(async_lane, "redial", find_nobody)
            first = state._lane.wire
            assert first is not None
            break_off(first.transport)
            await first.closed.wait()
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(looks) == 1
        await state.ping()


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_server_that_hangs_up_at_each_request_is_given_up(kind: str) -> None:
    def hang_up(sock: socket.socket) -> None:
        opening = ServerOpening(KEY, SERVER_NONCE)
        sock.sendall(opening.greeting)
        while opening.receive(sock.recv(4096)) is None:
            pass
        sock.sendall(opening.accept(WELCOME._replace(unix_path="")))
        sock.recv(4096)

    with (
        Impostor(hang_up) as impostor,
        connected(kind, impostor.address, KEY, timeout=TIMEOUT_S) as client,
        pytest.raises(ConnectionResetError, match=r"again and again for 0\.3 s"),
    ):
        client.ping()
    assert impostor.connections > 2


def test_breaks_after_a_reply_or_a_connection_that_lasted_are_new_ones() -> None:
    breaks = Breaks(TIMEOUT_S)
    for now in range(10):  # each connection lasts for longer than the timeout
        breaks.check(now)
        breaks.made(now)
    for step in range(100):
        breaks.check(20 + step * TIMEOUT_S / 2)
        breaks.made(20 + step * TIMEOUT_S / 2)
        breaks.heard()
    for step in range(3):
        breaks.check(100 + step * TIMEOUT_S / 2)
        breaks.made(100 + step * TIMEOUT_S / 2)
    with pytest.raises(ConnectionResetError):
        breaks.check(100 + 2 * TIMEOUT_S)


def test_a_client_is_of_one_event_loop(server: ThreadServer) -> None:
    key = server.settings.authkey

    async def connect() -> shared_state.AsyncClient:
        return await shared_state.connect_async(server.address, authkey=key)

    async def use_another(state: shared_state.AsyncClient) -> None:
        with pytest.raises(RuntimeError, match="belongs to another event loop"):
            await asyncio.wait_for(state.ping(), TIMEOUT_S)
        with pytest.raises(RuntimeError, match="belongs to another event loop"):
            state.dict("d")

    loop = asyncio.new_event_loop()
    state = loop.run_until_complete(connect())
    asyncio.run(use_another(state))
    loop.run_until_complete(state.ping())
    loop.run_until_complete(state.close())
    loop.close()
