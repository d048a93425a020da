"""Tasks that are cancelled: what they asked for is taken back, or done, and nothing between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import shared_state
from shared_state import async_lane
from shared_state.async_lane import AsyncLane
from shared_state.wire import redial

from ..fixtures.breaking import break_off
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting


async def test_a_lock_that_came_too_late_goes_back_though_another_task_goes_on(
    server: ThreadServer, other: shared_state.Client
) -> None:
    """Both replies come in one read; the first task cancels the second and sends a request."""
    other.lock("leader").acquire()
    other.event("ready")
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:

        async def cancel_when_ready() -> None:
            await state.event("ready").wait()
            acquiring.cancel()
            await state.ping()

        cancelling = asyncio.create_task(cancel_when_ready())
        await asyncio.to_thread(until, lambda: waiting(other, "ready") == 1)
        acquiring = asyncio.create_task(state.lock("leader").acquire())
        await asyncio.to_thread(until, lambda: waiting(other, "leader") == 1)
        with other.batch():
            other.event("ready").set()
            other.lock("leader").release()
        await cancelling
        assert acquiring.cancelled()
        assert await state.lock("leader").locked() is False


class Outage:
    """An async client whose connection is broken, and which finds the server again on demand."""

    def __init__(self, state: shared_state.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state = state
        self._is_over = asyncio.Event()

        async def wait_and_redial(lane: AsyncLane) -> Any:
            await self._is_over.wait()
            return await redial(lane)

        monkeypatch.setattr(async_lane, "redial", wait_and_redial)

    async def begin(self) -> None:
        wire = self.state._lane.wire
        assert wire is not None
        break_off(wire.transport)
        await wire.closed.wait()

    def end(self) -> None:
        self._is_over.set()


@pytest.fixture
async def outage(server: ThreadServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outage]:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key, same_host=False) as state:
        yield Outage(state, monkeypatch)


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel a task once it has begun."""
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_release_that_is_cancelled_during_an_outage_releases(
    outage: Outage, other: shared_state.Client
) -> None:
    leader = outage.state.lock("leader")
    await leader.acquire()
    await outage.begin()
    await cancelled(asyncio.create_task(leader.release()))
    assert other.lock("leader").locked() is True, "nothing can be said during an outage"
    outage.end()
    assert await asyncio.to_thread(other.lock("leader").acquire, timeout=LONG_S) is True


async def test_a_command_that_is_cancelled_while_its_reply_is_lost_is_carried_out_once(
    outage: Outage, other: shared_state.Client
) -> None:
    log = outage.state.list("log")
    await log.append("before")
    appending = asyncio.create_task(log.append("during"))
    for _ in range(2):  # to begin, and to write
        await asyncio.sleep(0)
    until(lambda: len(other.list("log")) == 2)  # while this loop stands still
    await outage.begin()
    await cancelled(appending)
    outage.end()
    assert await log.size() == 2
    assert list(other.list("log")) == ["before", "during"]


async def test_a_wait_that_is_cancelled_during_an_outage_waits_no_more(
    outage: Outage, other: shared_state.Client
) -> None:
    getting = asyncio.create_task(outage.state.queue("jobs").get())
    await asyncio.to_thread(until, lambda: bool(other.objects()) and waiting(other, "jobs") == 1)
    await outage.begin()
    await cancelled(getting)
    outage.end()
    other.queue("jobs").put("item")
    assert await outage.state.queue("jobs").qsize() == 1
    assert waiting(other, "jobs") == 0


async def test_an_item_that_came_before_the_outage_goes_back_when_its_get_is_cancelled_in_it(
    outage: Outage, other: shared_state.Client
) -> None:
    getting = asyncio.create_task(outage.state.queue("jobs").get())
    await asyncio.to_thread(until, lambda: bool(other.objects()) and waiting(other, "jobs") == 1)
    other.queue("jobs").put("item")  # while this loop stands still, so nobody reads it
    await outage.begin()
    await cancelled(getting)
    outage.end()
    assert await outage.state.queue("jobs").get(timeout=LONG_S) == "item"
