"""What an async client tells of the replies that have come, while one of them is long in coming."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import shared_state
from shared_state.async_lane import ARRIVED_UNTOLD

from ..fixtures.servers import ThreadServer
from ..fixtures.watching import until, waiting


@pytest.fixture
async def state(server: ThreadServer) -> AsyncIterator[shared_state.AsyncClient]:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as connected:
        yield connected


def remembered(server: ThreadServer) -> list[int]:
    """Return how many replies each lane remembers that remembers any."""
    return server.look(
        lambda service: [
            len(lane.replies)
            for session in service.sessions.values()
            for lane in session.lanes.values()
            if lane.replies
        ]
    )


async def test_one_request_that_waits_does_not_have_thousands_of_replies_remembered(
    server: ThreadServer, state: shared_state.AsyncClient, other: shared_state.Client
) -> None:
    getting = asyncio.create_task(state.queue("jobs").get())
    await asyncio.to_thread(until, lambda: bool(other.objects()) and waiting(other, "jobs") == 1)
    log = state.list("log")
    for _ in range(4):
        await asyncio.gather(*(log.append(None) for _ in range(ARRIVED_UNTOLD)))
        await state.ping()
        assert max(remembered(server)) <= 2 * ARRIVED_UNTOLD + 2
    other.queue("jobs").put("item")
    assert await getting == "item"
    await log.append(None)
    await log.append(None)
    assert max(remembered(server)) <= 2, "the mark has passed them all"
    assert await log.size() == 4 * ARRIVED_UNTOLD + 2
