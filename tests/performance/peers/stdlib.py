"""The standard library's manager: a proxy of a dict, a thread per connection, pickles."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import managers
from multiprocessing.connection import Client
from multiprocessing.managers import BaseManager, DictProxy
from typing import TYPE_CHECKING, Any

from tests.performance.peers import AUTHKEY, KEY, VALUE, Operation, Transport
from tests.performance.serving import Server, python_server, socket_folder

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CONNECT_THREADS = 32
"""Nagle's algorithm holds each handshake over TCP up for 40 ms: one by one takes a minute."""

MAPPING: dict[str, str] = {}


class Manager(BaseManager):
    """Serves one dict under a name, the way that works between machines."""


Manager.register("mapping", callable=lambda: MAPPING, proxytype=DictProxy)


@dataclass(frozen=True)
class StandardLibrary:
    transport: Transport
    product = "multiprocessing.managers"

    def missing(self) -> str | None:
        return None

    def version(self) -> str:
        return f"Python {sys.version.split()[0]}"

    @contextmanager
    def serve(self) -> Iterator[Server]:
        with socket_folder() as folder:
            address = str(folder / "manager") if self.transport == "Unix" else ("127.0.0.1", 0)
            with python_server(serve, address) as server:
                yield server

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        mapping = proxy(address)
        return (
            functools.partial(mapping.__setitem__, KEY, VALUE),
            functools.partial(mapping.__getitem__, KEY),
        )

    def idle_clients(self, address: Any, count: int) -> list[Any]:
        """A proxy keeps one connection per thread: further ones are opened as a proxy does it."""
        proxy(address)[KEY] = VALUE
        with ThreadPoolExecutor(CONNECT_THREADS) as pool:
            return list(pool.map(functools.partial(connect, address), range(count)))


def serve(ready: Connection, address: Any) -> None:
    server = Manager(address, AUTHKEY).get_server()
    ready.send(server.address)
    server.serve_forever()


def proxy(address: Any) -> Any:
    manager = Manager(address, AUTHKEY)
    manager.connect()
    return manager.mapping()  # type: ignore[attr-defined]  # register() makes the method


def connect(address: Any, number: int) -> Any:
    connection = Client(address, authkey=AUTHKEY)
    managers.dispatch(connection, None, "accept_connection", (f"client {number}",))  # type: ignore[attr-defined]  # typeshed leaves it out
    return connection
