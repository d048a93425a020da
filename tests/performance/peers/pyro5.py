"""Pyro5: an object of ours behind its daemon, a thread per client.

Values travel by `marshal`, the fastest of its serializers, and the daemon's own authentication
does not exist, so it has none to pay for.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import queue
import threading
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.performance.peers import VALUE, Operation, Transport, not_installed
from tests.performance.peers.mapping import KeepsArraysAsBytes, SetAndGet, portions
from tests.performance.serving import Server, server_over

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SERIALIZER = "marshal"
BATCH_SERIALIZER = "serpent"
"""The default: a batch by `marshal` fails in Pyro5 itself."""


@dataclass(frozen=True)
class Pyro(KeepsArraysAsBytes):
    transport: Transport
    product = "Pyro5"
    is_heavy = False

    def missing(self) -> str | None:
        return not_installed("Pyro5", "Pyro5")

    def version(self) -> str:
        return f"{importlib.metadata.version('Pyro5')}, {SERIALIZER}"

    def serve(self) -> AbstractContextManager[Server]:
        return server_over(self.transport, serve)

    def mapping(self, address: Any) -> SetAndGet:
        shared = connect(address)
        return shared.set, shared.get

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        shared = connect(address)
        return (functools.partial(shared.put, VALUE), shared.take)

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        shared = connect(address)
        return (functools.partial(shared.acquire, name), functools.partial(shared.release, name))

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        shared = connect(address)
        shared._pyroSerializer = BATCH_SERIALIZER
        make = importlib.import_module("Pyro5.api").BatchProxy
        batches = portions(size)

        def batch() -> None:
            requests = make(shared)
            for key, value in next(batches):
                requests.set(key, value)
                requests.get(key)
            for _ in requests():
                pass

        return (batch,)


class Shared:
    """What the daemon serves."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def set(self, key: str, value: Any) -> None:
        self._values[key] = value

    def get(self, key: str) -> Any:
        return self._values[key]

    def put(self, item: Any) -> None:
        self._items.put(item)

    def take(self) -> Any:
        return self._items.get()

    def acquire(self, name: str) -> None:
        self._locks[name].acquire()

    def release(self, name: str) -> None:
        self._locks[name].release()


def serve(ready: Connection, path: str | None) -> None:
    api = importlib.import_module("Pyro5.api")
    api.config.SERIALIZER = SERIALIZER
    shared = api.behavior(instance_mode="single")(api.expose(Shared))
    with api.Daemon(host="127.0.0.1", unixsocket=path) as daemon:
        ready.send(str(daemon.register(shared())))
        daemon.requestLoop()


def connect(address: Any) -> Any:
    api = importlib.import_module("Pyro5.api")
    api.config.SERIALIZER = SERIALIZER
    proxy = api.Proxy(address)
    proxy._pyroBind()
    return proxy
