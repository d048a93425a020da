"""Pyro5: an object of ours behind its daemon, a thread per client.

Values travel by `marshal`, the fastest of its serializers, and the daemon's own authentication
does not exist, so it has none to pay for.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import queue
import threading
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.performance.peers import KEY, LARGE_KEY, VALUE, Operation, Transport
from tests.performance.serving import Server, python_server, socket_folder

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SERIALIZER = "marshal"
BATCH_SERIALIZER = "serpent"
"""The default: a batch by `marshal` fails in Pyro5 itself."""


@dataclass(frozen=True)
class Pyro:
    transport: Transport
    product = "Pyro5"

    def missing(self) -> str | None:
        return None if importlib.util.find_spec("Pyro5") else "Pyro5 is not installed"

    def version(self) -> str:
        return f"{importlib.metadata.version('Pyro5')}, {SERIALIZER}"

    @contextmanager
    def serve(self) -> Iterator[Server]:
        with socket_folder() as folder:
            path = str(folder / "pyro") if self.transport == "Unix" else None
            with python_server(serve, path) as server:
                yield server

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        shared = connect(address)
        return (functools.partial(shared.set, KEY, VALUE), functools.partial(shared.get, KEY))

    def set_and_get_large(self, address: Any, size: int) -> Sequence[Operation]:
        shared = connect(address)
        return (
            functools.partial(shared.set, LARGE_KEY, bytes(size)),
            functools.partial(shared.get, LARGE_KEY),
        )

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        shared = connect(address)
        return (functools.partial(shared.put, VALUE), shared.take)

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        shared = connect(address)
        return (functools.partial(shared.acquire, name), functools.partial(shared.release, name))

    def read_array(self, address: Any, length: int) -> Sequence[Operation]:
        shared = connect(address)
        shared.set(LARGE_KEY, bytes(8 * length))
        return (lambda: array("d", shared.get(LARGE_KEY)),)

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        shared = connect(address)
        shared._pyroSerializer = BATCH_SERIALIZER
        make = importlib.import_module("Pyro5.api").BatchProxy

        def batch() -> None:
            requests = make(shared)
            for _ in range(size // 2):
                requests.set(KEY, VALUE)
                requests.get(KEY)
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
