"""Dask distributed's Variable, Queue and Lock: the scheduler keeps them, over TCP.

A variable is one value, so its name is the only key. No worker is needed. A client runs a thread
with an event loop, and each call goes there and back.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.metadata
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.performance.peers import KEY, LARGE_KEY, VALUE, Operation, Transport, not_installed
from tests.performance.peers.mapping import in_pairs
from tests.performance.serving import Server, python_server

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


@dataclass(frozen=True)
class Dask:
    transport: Transport = "TCP"
    product = "Dask distributed"
    is_heavy = True

    def missing(self) -> str | None:
        return not_installed("distributed", "distributed")

    def version(self) -> str:
        return importlib.metadata.version("distributed")

    def serve(self) -> AbstractContextManager[Server]:
        return python_server(serve)

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        variable = kind("Variable")(KEY, client=connect(address))
        return in_pairs(lambda _, value: variable.set(value), lambda _: variable.get())

    def set_and_get_large(self, address: Any, size: int) -> Sequence[Operation]:
        variable = kind("Variable")(LARGE_KEY, client=connect(address))
        return (functools.partial(variable.set, bytes(size)), variable.get)

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        items = kind("Queue")(KEY, client=connect(address))
        return (functools.partial(items.put, VALUE), items.get)

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        connect(address)
        lock = kind("Lock")(name)
        return (lock.acquire, lock.release)


def kind(name: str) -> Any:
    distributed = importlib.import_module("distributed")
    logging.getLogger("distributed").setLevel(logging.ERROR)  # it sets its own when imported
    return getattr(distributed, name)


def connect(address: Any) -> Any:
    """A client, which is also the one that locks find by themselves."""
    return kind("Client")(address)


def serve(ready: Connection) -> None:
    scheduler = kind("Scheduler")

    async def run() -> None:
        async with scheduler(host="127.0.0.1", port=0, dashboard_address=":0") as running:
            ready.send(running.address)
            await running.finished()

    asyncio.run(run())
