"""valkey-glide on a real redis-server: its core is written in Rust, and knows TCP only.

`valkey-glide` is its async client and `valkey-glide-sync` the blocking one; each of them takes part
where it is installed.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from collections.abc import Sequence
from typing import Any

from tests.performance.peers import ITEMS, VALUE, AsyncOperation, Operation
from tests.performance.peers.mapping import KeepsArraysAsBytes, SetAndGet, in_pairs, portions
from tests.performance.peers.redis_server import OnRedisServer, server_version

FOR_EVER = 0.0
REQUEST_TIMEOUT_MS = 60_000
"""Its own patience is 250 ms, which a large value on a busy machine may take."""


class OnGlide(OnRedisServer):
    def version(self) -> str:
        return f"{importlib.metadata.version(self.package)}, {server_version()}"


class Glide(OnGlide, KeepsArraysAsBytes):
    """The blocking client."""

    product = "valkey-glide"
    module, package = "glide_sync", "valkey-glide-sync"

    def mapping(self, address: Any) -> SetAndGet:
        client = connect(address)
        return client.set, client.get

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        client = connect(address)
        return (
            functools.partial(client.rpush, ITEMS, [VALUE]),
            functools.partial(client.blpop, [ITEMS], FOR_EVER),
        )

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        client = connect(address)
        batch = importlib.import_module("glide_sync").Batch
        batches = portions(size)

        def pipeline() -> None:
            requests = batch(is_atomic=False)
            for key, value in next(batches):
                requests.set(key, value)
                requests.get(key)
            client.exec(requests, raise_on_error=True)

        return (pipeline,)


class GlideAsync(OnGlide):
    """The async client: all tasks share one connection."""

    product = "valkey-glide, async"
    module, package = "glide", "valkey-glide"

    async def set_and_get_in_tasks(self, address: Any, tasks: int) -> Sequence[AsyncOperation]:
        glide = importlib.import_module("glide")
        client = await glide.GlideClient.create(configuration(glide, address))
        return in_pairs(client.set, client.get)


def connect(address: Any) -> Any:
    glide = importlib.import_module("glide_sync")
    return glide.GlideClient.create(configuration(glide, address))


def configuration(glide: Any, port: int) -> Any:
    return glide.GlideClientConfiguration(
        [glide.NodeAddress("127.0.0.1", port)], request_timeout=REQUEST_TIMEOUT_MS
    )
