"""valkey-glide on a real redis-server: its core is written in Rust, and knows TCP only.

`valkey-glide` is its async client and `valkey-glide-sync` the blocking one; each of them takes part
where it is installed.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
from array import array
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from tests.performance.peers import (
    ITEMS,
    KEY,
    LARGE_KEY,
    VALUE,
    AsyncOperation,
    Operation,
    Transport,
)
from tests.performance.peers.redis_server import missing, redis_server, server_version
from tests.performance.serving import Server

FOR_EVER = 0.0
REQUEST_TIMEOUT_MS = 60_000
"""Its own patience is 250 ms, which a large value on a busy machine may take."""


@dataclass(frozen=True)
class Glide:
    """The blocking client."""

    transport: Transport = "TCP"
    product = "valkey-glide"

    def missing(self) -> str | None:
        return missing("glide_sync", "valkey-glide-sync")

    def version(self) -> str:
        return f"{importlib.metadata.version('valkey-glide-sync')}, {server_version()}"

    def serve(self) -> AbstractContextManager[Server]:
        return redis_server(self.transport)

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        client = connect(address)
        return (functools.partial(client.set, KEY, VALUE), functools.partial(client.get, KEY))

    def set_and_get_large(self, address: Any, size: int) -> Sequence[Operation]:
        client = connect(address)
        return (
            functools.partial(client.set, LARGE_KEY, bytes(size)),
            functools.partial(client.get, LARGE_KEY),
        )

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        client = connect(address)
        return (
            functools.partial(client.rpush, ITEMS, [VALUE]),
            functools.partial(client.blpop, [ITEMS], FOR_EVER),
        )

    def read_array(self, address: Any, length: int) -> Sequence[Operation]:
        client = connect(address)
        items = array("d", bytes(8 * length))
        client.set(LARGE_KEY, items.tobytes())
        last = length * items.itemsize - 1
        return (lambda: array("d", client.getrange(LARGE_KEY, 0, last)),)

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        client = connect(address)
        batch = importlib.import_module("glide_sync").Batch

        def pipeline() -> None:
            requests = batch(is_atomic=False)
            for _ in range(size // 2):
                requests.set(KEY, VALUE)
                requests.get(KEY)
            client.exec(requests, raise_on_error=True)

        return (pipeline,)


@dataclass(frozen=True)
class GlideAsync:
    """The async client: all tasks share one connection."""

    transport: Transport = "TCP"
    product = "valkey-glide, async"

    def missing(self) -> str | None:
        return missing("glide", "valkey-glide")

    def version(self) -> str:
        return f"{importlib.metadata.version('valkey-glide')}, {server_version()}"

    def serve(self) -> AbstractContextManager[Server]:
        return redis_server(self.transport)

    async def set_and_get_in_tasks(self, address: Any, tasks: int) -> Sequence[AsyncOperation]:
        glide = importlib.import_module("glide")
        client = await glide.GlideClient.create(configuration(glide, address))
        return (functools.partial(client.set, KEY, VALUE), functools.partial(client.get, KEY))


def connect(address: Any) -> Any:
    glide = importlib.import_module("glide_sync")
    return glide.GlideClient.create(configuration(glide, address))


def configuration(glide: Any, port: int) -> Any:
    return glide.GlideClientConfiguration(
        [glide.NodeAddress("127.0.0.1", port)], request_timeout=REQUEST_TIMEOUT_MS
    )
