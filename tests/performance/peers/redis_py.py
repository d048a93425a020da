"""redis-py, blocking, on a real redis-server.

redis-py parses replies with hiredis where that is installed, which `version` says: it is the
faster way and the one that its users are advised to take. Pipelines are sent without
MULTI/EXEC, again the faster way. A queue is a list with RPUSH and BLPOP, a lock is redis-py's own
`Lock`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
from collections.abc import Sequence
from typing import Any

from tests.performance.peers import ITEMS, KEY, VALUE, Operation
from tests.performance.peers.mapping import KeepsArraysAsBytes, SetAndGet, portions
from tests.performance.peers.redis_server import OnRedisServer, server_version


class Redis(OnRedisServer, KeepsArraysAsBytes):
    product = "redis-py"
    module, package = "redis", "redis-py"

    def version(self) -> str:
        return f"redis-py {client_version()}, {server_version()}"

    def mapping(self, address: Any) -> SetAndGet:
        client = connect(address)
        return client.set, client.get

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        client = connect(address)
        return (
            functools.partial(client.rpush, ITEMS, VALUE),
            functools.partial(client.blpop, ITEMS, timeout=0),
        )

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        lock = connect(address).lock(name)
        return (lock.acquire, lock.release)

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        client = connect(address)
        batches = portions(size)

        def pipeline() -> None:
            with client.pipeline(transaction=False) as requests:
                for key, value in next(batches):
                    requests.set(key, value)
                    requests.get(key)
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


def connect(address: Any, module: str = "redis", **options: Any) -> Any:
    """A client; a blocking one has one connection, which it keeps, as one process needs it.

    Without a timeout: by its own, five seconds, it gives up a BLPOP that waits longer.
    """
    where = (
        {"unix_socket_path": address}
        if isinstance(address, str)
        else {"host": "127.0.0.1", "port": address}
    )
    return importlib.import_module(module).Redis(**where, socket_timeout=None, **options)
