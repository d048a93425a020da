"""redis-py's asyncio client: a connection for each task that is under way, from a pool."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from tests.performance.peers import KEY, VALUE, AsyncOperation, Transport
from tests.performance.peers.redis_py import client_version
from tests.performance.peers.redis_server import missing, redis_server, server_version
from tests.performance.serving import Server


@dataclass(frozen=True)
class RedisAsyncio:
    transport: Transport
    product = "redis.asyncio"

    def missing(self) -> str | None:
        return missing("redis", "redis-py")

    def version(self) -> str:
        return f"of redis-py {client_version()}, {server_version()}"

    def serve(self) -> AbstractContextManager[Server]:
        return redis_server(self.transport)

    async def set_and_get_in_tasks(self, address: Any, tasks: int) -> Sequence[AsyncOperation]:
        client = connect(address, tasks)
        return (functools.partial(client.set, KEY, VALUE), functools.partial(client.get, KEY))


def connect(address: Any, tasks: int) -> Any:
    redis = importlib.import_module("redis.asyncio")
    if isinstance(address, str):
        return redis.Redis(unix_socket_path=address, max_connections=tasks)
    return redis.Redis(host="127.0.0.1", port=address, max_connections=tasks)
