"""redis-py, blocking, on a real redis-server.

redis-py parses replies with hiredis where that is installed, which `version` says: it is the
faster way and the one that its users are advised to take. Pipelines are sent without
MULTI/EXEC, again the faster way. A queue is a list with RPUSH and BLPOP, a lock is redis-py's own
`Lock`, an array is the string of its bytes.
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

from tests.performance.peers import ITEMS, KEY, LARGE_KEY, VALUE, Operation, Transport
from tests.performance.peers.redis_server import missing, redis_server, server_version
from tests.performance.serving import Server


@dataclass(frozen=True)
class Redis:
    transport: Transport
    product = "redis-py"

    def missing(self) -> str | None:
        return missing("redis", "redis-py")

    def version(self) -> str:
        return f"redis-py {client_version()}, {server_version()}"

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
            functools.partial(client.rpush, ITEMS, VALUE),
            functools.partial(client.blpop, ITEMS, timeout=0),
        )

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        lock = connect(address).lock(name)
        return (lock.acquire, lock.release)

    def read_array(self, address: Any, length: int) -> Sequence[Operation]:
        client = connect(address)
        items = array("d", bytes(8 * length))
        client.set(LARGE_KEY, items.tobytes())
        last = length * items.itemsize - 1
        return (lambda: array("d", client.getrange(LARGE_KEY, 0, last)),)

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        client = connect(address)

        def pipeline() -> None:
            with client.pipeline(transaction=False) as requests:
                for _ in range(size // 2):
                    requests.set(KEY, VALUE)
                    requests.get(KEY)
                requests.execute()

        return (pipeline,)

    def idle_clients(self, address: Any, count: int) -> list[Any]:
        clients = [connect(address) for _ in range(count)]
        for client in clients:
            client.set(KEY, VALUE)
        return clients


def client_version() -> str:
    version = importlib.metadata.version("redis")
    if importlib.util.find_spec("hiredis") is None:
        return f"{version} without hiredis"
    return f"{version} with hiredis {importlib.metadata.version('hiredis')}"


def connect(address: Any) -> Any:
    """A client with one connection that it keeps, as one process needs it."""
    redis = importlib.import_module("redis")
    if isinstance(address, str):
        return redis.Redis(unix_socket_path=address)
    return redis.Redis(host="127.0.0.1", port=address)
