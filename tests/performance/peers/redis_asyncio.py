"""redis-py's asyncio client: a connection for each task that is under way, from a pool."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from tests.performance.peers import ITEMS, VALUE, AsyncOperation
from tests.performance.peers.mapping import in_pairs
from tests.performance.peers.redis_py import client_version, connect
from tests.performance.peers.redis_server import OnRedisServer, server_version


class RedisAsyncio(OnRedisServer):
    product = "redis.asyncio"
    module, package = "redis", "redis-py"

    def version(self) -> str:
        return f"of redis-py {client_version()}, {server_version()}"

    async def set_and_get_in_tasks(self, address: Any, tasks: int) -> Sequence[AsyncOperation]:
        client = connect(address, "redis.asyncio", max_connections=tasks)
        return in_pairs(client.set, client.get)

    async def getter(self, address: Any) -> AsyncOperation:
        client = await connected(address)
        return functools.partial(client.blpop, [ITEMS], timeout=0)

    async def putter(self, address: Any) -> AsyncOperation:
        return functools.partial((await connected(address)).rpush, ITEMS, VALUE)


async def connected(address: Any) -> Any:
    """A client with a connection of its own, which it has already."""
    client = connect(address, "redis.asyncio", max_connections=1)
    await client.ping()
    return client
