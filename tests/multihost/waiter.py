"""One that waits: `waiter LABEL get QUEUE` or `waiter LABEL acquire LOCK`.

The test host has to know that the server has parked the request before it kills anybody. So the
request is followed, on the same connection, by the news that it was sent: a server takes the
requests of one connection in order, and whoever has read the news knows that the wait has begun.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import shared_state

if TYPE_CHECKING:
    from collections.abc import Coroutine

PARKED, ENDED = "parked", "ended"

CUT_OFF = "cut off"
"""The end of a call whose outcome the client cannot know: it was cut off for too long."""


def waiting(
    client: shared_state.AsyncClient, operation: str, name: str
) -> Coroutine[Any, Any, object]:
    match operation:
        case "get":
            return client.queue(name).get()
        case "acquire":
            return client.lock(name).acquire()
        case _:
            raise ValueError(f"not a wait: {operation!r}")


async def end_of(call: Coroutine[Any, Any, object]) -> object:
    """Return the result of `call`, or that it cannot be known."""
    try:
        return await call
    except shared_state.OutcomeUnknown:
        return CUT_OFF


async def wait(label: str, operation: str, name: str) -> None:
    async with shared_state.connect_async() as client:
        result, _ = await asyncio.gather(
            end_of(waiting(client, operation, name)),
            end_of(client.queue(PARKED).put(label)),
        )
        await client.queue(ENDED).put((label, result))


if __name__ == "__main__":
    asyncio.run(wait(*sys.argv[1:4]))
