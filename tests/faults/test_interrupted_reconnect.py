"""Reconnects that are interrupted when the server has welcomed the client already.

The welcomed connection is nobody's then, and closes as garbage does. But the process goes on.
"""

from __future__ import annotations

import asyncio
import select
from typing import Any

import pytest

import shared_state
from shared_state import async_lane, lane, sockets, wire
from shared_state_protocol.state import State

from ..fixtures.breaking import break_off, reset
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until

SOON_S = 5.0
"""Much less than the grace of a session."""

each_way = pytest.mark.parametrize("same_host", [True, False], ids=["unix", "tcp"])


class Interrupted(BaseException):
    """What a signal handler raises."""


def lost(server: ThreadServer) -> int:
    """Return how many sessions may come back."""
    return server.look(lambda service: sum(each.is_lost for each in service.sessions.values()))


def break_connection(server: ThreadServer, client: shared_state.Client) -> None:
    """Have the connection of this thread break; a Unix socket does by what was not read."""
    lane = client._lane()
    lane.mention(State.version, "", ())
    assert select.select([lane._opened], [], [], LONG_S)[0]
    reset(lane._opened)
    lane._opened.close()
    until(lambda: lost(server) == 1)


@each_way
def test_who_is_interrupted_as_it_reconnects_keeps_what_it_held(
    server: ThreadServer,
    other: shared_state.Client,
    monkeypatch: pytest.MonkeyPatch,
    same_host: bool,
) -> None:
    def redial(*arguments: Any) -> Any:
        welcomed, _ = sockets.redial(*arguments)  # and the signal comes as it returns
        welcomed.close()  # as who collects garbage does
        raise Interrupted

    with server.connect(same_host=same_host) as client:
        leader = client.lock("leader")
        leader.acquire()
        break_connection(server, client)
        with monkeypatch.context() as patch:
            patch.setattr(lane, "redial", redial)
            with pytest.raises(Interrupted):
                client.ping()
        until(lambda: lost(server) == 1)
        assert other.lock("leader").locked() is True
        leader.release()


@each_way
async def test_a_task_that_is_cancelled_as_it_reconnects_leaves_what_is_held(
    server: ThreadServer,
    other: shared_state.Client,
    monkeypatch: pytest.MonkeyPatch,
    same_host: bool,
) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(
        server.address, authkey=key, same_host=same_host
    ) as state:
        leader = state.lock("leader")
        await leader.acquire()

        async def redial(lane: Any) -> Any:
            made, _ = await wire.redial(lane)
            made.close()
            await made.closed.wait()
            raise ConnectionError

        first = state._lane.wire
        assert first is not None
        with monkeypatch.context() as patch:
            patch.setattr(async_lane, "redial", redial)
            state._lane.mention(State.version, "", ())
            await asyncio.sleep(0)  # to write
            sock = first.transport.get_extra_info("socket")
            assert select.select([sock], [], [], LONG_S)[0]
            break_off(first.transport)  # a Unix socket does by what was not read
            with pytest.raises(ConnectionError):
                await state.ping()
        await asyncio.to_thread(until, lambda: lost(server) == 1)
        assert await asyncio.to_thread(other.lock("leader").locked) is True
        await leader.release()


async def test_a_task_that_is_cancelled_as_it_connects_leaves_nothing(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has found the server then, and is about to go over to its Unix socket."""
    is_near = asyncio.Event()

    async def wait_for_ever(*_: Any) -> None:
        is_near.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_unix_connection", wait_for_ever)
    key = server.settings.authkey
    connecting = asyncio.ensure_future(shared_state.connect_async(server.address, authkey=key))
    await is_near.wait()
    assert server.look(lambda service: len(service.sessions)) == 1
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    await asyncio.to_thread(until, lambda: not server.look(lambda service: service.sessions))


@each_way
def test_a_process_that_came_back_and_ends_has_ended(
    server: ThreadServer, other: shared_state.Client, same_host: bool
) -> None:
    with server.connect(same_host=same_host) as client:
        client.lock("leader").acquire()
        break_connection(server, client)
        client.ping()
        client._lane()._opened.close()  # as the kernel does then
        assert other.lock("leader").acquire(timeout=SOON_S) is True
