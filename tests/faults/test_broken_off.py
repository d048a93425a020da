"""Connections that break again and again, when a seed says so: each call is carried out once.

The client's end of a connection is reset while requests and replies are under way, and both clients
make another and send again what was not answered.
"""

from __future__ import annotations

import asyncio
import errno
import random
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import async_lane, lane, sockets

from ..fixtures.breaking import break_off, reset
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

CALLS = 400
TASKS = 50
BREAKS = 0.05
"""Of all writes, and of all reads."""


@pytest.mark.parametrize("seed", range(3))
async def test_hundreds_of_awaited_calls_are_carried_out_once_each(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """With one that waits all the while, so that what has arrived is told piece by piece."""
    monkeypatch.setattr(async_lane, "ARRIVED_UNTOLD", 8)
    chance, key = random.Random(seed), server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key, same_host=False) as state:
        log, jobs = state.list("log"), state.queue("jobs")
        getting = asyncio.create_task(state.queue("never").get())
        breaks = 0

        async def call(task: int) -> None:
            for number in range(task, CALLS, TASKS):
                await log.append(number)
                await jobs.put(number)
                await log.append(CALLS + await jobs.get())

        calls = [asyncio.create_task(call(task)) for task in range(TASKS)]
        while not all(each.done() for each in calls):
            for _ in range(chance.randrange(1, 40)):
                await asyncio.sleep(0)
            if state._lane.wire is not None:
                break_off(state._lane.wire.transport)
                breaks += 1
        await asyncio.gather(*calls)
        assert breaks > 2, "nothing was tested"
        assert sorted(await log.copy()) == list(range(2 * CALLS))
        assert await jobs.qsize() == 0
        getting.cancel()


class Fragile:
    """A socket that breaks now and then: before, in the middle of, or behind what it has to do."""

    def __init__(self, real: socket.socket, chance: random.Random) -> None:
        self._real = real
        self._chance = chance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def sendall(self, data: bytes, flags: int = 0) -> None:
        if self._chance.random() < BREAKS:
            self._real.sendall(data[: self._chance.randrange(len(data) + 1)])
            self._break()
        self._real.sendall(data)

    def recv_into(self, buffer: Any) -> int:
        if self._chance.random() < BREAKS:
            self._real.recv_into(memoryview(buffer)[: self._chance.randrange(1, 10)])
            self._break()
        return self._real.recv_into(buffer)

    def _break(self) -> None:
        reset(self._real)
        self._real.close()
        raise ConnectionResetError(errno.ECONNRESET, "the test broke it")


@pytest.mark.parametrize("seed", range(3))
def test_the_calls_of_a_thread_are_carried_out_once_each(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance, breaks = random.Random(seed), []

    def redial(*args: Any) -> Any:
        breaks.append(1)
        sock, welcome = sockets.redial(*args)
        return Fragile(sock, chance), welcome

    monkeypatch.setattr(lane, "redial", redial)
    with server.connect(same_host=False) as client:
        log, jobs, leader = client.list("log"), client.queue("jobs"), client.lock("leader")
        reset(client._lane()._opened)
        client._lane().close()  # those that follow are fragile
        for number in range(CALLS):
            with leader:
                jobs.put(number)
                log.append(jobs.get())
        assert len(breaks) > CALLS * BREAKS, "nothing was tested"
        assert log.copy() == list(range(CALLS))
        assert jobs.empty()
        assert leader.locked() is False


def test_a_lock_is_still_held_when_the_connection_broke(
    server: ThreadServer, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    with server.connect(same_host=False) as client:
        leader = client.lock("leader")
        leader.acquire()
        waiter = threads.submit(other.lock("leader").acquire, True, LONG_S)
        with server.connect() as watcher:
            until(lambda: waiting(watcher, "leader") == 1)
        reset(client._lane()._opened)
        client._lane()._opened.close()
        assert leader.locked() is True
        assert not waiter.done()
        leader.release()
        assert waiter.result(LONG_S) is True
