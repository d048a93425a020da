"""The standard library's manager: proxies of its objects, a thread per connection, pickles."""

from __future__ import annotations

import functools
import queue
import sys
import threading
from array import array
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing import managers
from multiprocessing.connection import Client
from multiprocessing.managers import BaseManager, DictProxy
from typing import TYPE_CHECKING, Any

from tests.performance.peers import AUTHKEY, KEY, VALUE, Operation, Transport
from tests.performance.peers.mapping import HasMapping, SetAndGet
from tests.performance.serving import Server, server_over

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CONNECT_THREADS = 32
"""Nagle's algorithm holds each handshake over TCP up for 40 ms: one by one takes a minute."""

MAPPING: dict[str, Any] = {}
ITEMS: queue.Queue[str] = queue.Queue()
LOCKS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
ARRAYS: dict[int, array[float]] = {}


class Manager(BaseManager):
    """Serves each object under a name, the way that works between machines."""


def proxy_type(name: str) -> Any:
    return getattr(managers, name)  # typeshed leaves some out


def array_of(length: int) -> array[float]:
    return ARRAYS.setdefault(length, array("d", bytes(8 * length)))


Manager.register("mapping", callable=lambda: MAPPING, proxytype=DictProxy)
Manager.register("items", callable=lambda: ITEMS)
Manager.register("lock", callable=LOCKS.__getitem__, proxytype=proxy_type("AcquirerProxy"))
Manager.register("array", callable=array_of, proxytype=proxy_type("ArrayProxy"))


@dataclass(frozen=True)
class StandardLibrary(HasMapping):
    transport: Transport
    product = "multiprocessing.managers"
    is_heavy = False

    def missing(self) -> str | None:
        return None

    def version(self) -> str:
        return f"Python {sys.version.split()[0]}"

    def serve(self) -> AbstractContextManager[Server]:
        return server_over(self.transport, serve)

    def mapping(self, address: Any) -> SetAndGet:
        mapping = manager(address).mapping()
        return mapping.__setitem__, mapping.__getitem__

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        items = manager(address).items()
        return (functools.partial(items.put, VALUE), items.get)

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        lock = manager(address).lock(name)
        return (lock.acquire, lock.release)

    def read_array(self, address: Any, length: int) -> Sequence[Operation]:
        shared = manager(address).array(length)
        return (lambda: shared[:],)

    def slice_array(self, address: Any, length: int) -> Sequence[Operation]:
        shared = manager(address).array(length)

        def as_list() -> object:
            return shared[:].tolist()

        return (as_list,)

    def idle_clients(self, address: Any, count: int) -> list[Any]:
        """A proxy keeps one connection per thread: further ones are opened as a proxy does it."""
        manager(address).mapping()[KEY] = VALUE
        with ThreadPoolExecutor(CONNECT_THREADS) as pool:
            return list(pool.map(functools.partial(connect, address), range(count)))


def serve(ready: Connection, path: str | None) -> None:
    server = Manager(path or ("127.0.0.1", 0), AUTHKEY).get_server()
    ready.send(server.address)
    server.serve_forever()


def manager(address: Any) -> Any:
    connected = Manager(address, AUTHKEY)
    connected.connect()
    return connected


def connect(address: Any, number: int) -> Any:
    connection = Client(address, authkey=AUTHKEY)
    managers.dispatch(connection, None, "accept_connection", (f"client {number}",))  # type: ignore[attr-defined]  # typeshed leaves it out
    return connection
