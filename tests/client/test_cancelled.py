"""A task that is cancelled just when its reply has come: the reply is as if it had never been."""

from __future__ import annotations

import asyncio

import shared_state

from ..fixtures.servers import ThreadServer
from ..fixtures.watching import until, waiting


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
