"""Ourselves: the server as the command line runs it, and both clients as users have them.

Over TCP the client is kept from moving to the Unix socket; over Unix it moves there by itself,
as it does for every user on the server's host.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.performance.peers import AUTHKEY, KEY, VALUE, AsyncOperation, Operation, Transport
from tests.performance.peers.mapping import HasMapping, SetAndGet, in_pairs, portions
from tests.performance.serving import Server, python_server

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from shared_state import AsyncClient, Client

OBJECT = "performance"
ITEMS = "performance items"
ARRAY = "performance array"
FLOOD = "performance flood"

FLOOD_TIMEOUT_S = 60.0
"""For a reply, of a client whose own tasks take up its loop longer than the usual ten seconds."""


@dataclass(frozen=True)
class SharedState(HasMapping):
    """`options` are more of the client's."""

    transport: Transport
    options: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    product = "shared-state"
    is_heavy = False

    def missing(self) -> str | None:
        if importlib.util.find_spec("shared_state_server") is None:
            return "not installed: pip install -e ."
        return None

    def version(self) -> str:
        loop = "uvloop" if importlib.util.find_spec("uvloop") else "asyncio's own loop"
        return f"{importlib.metadata.version('shared-state')} on {loop}"

    def serve(self) -> AbstractContextManager[Server]:
        return python_server(serve)

    def mapping(self, address: Any) -> SetAndGet:
        mapping = self._connect(address).dict(OBJECT)
        return mapping.__setitem__, mapping.__getitem__

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        items = self._connect(address).queue(ITEMS)
        return (functools.partial(items.put, VALUE), items.get)

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        lock = self._connect(address).lock(name)
        return (lock.acquire, lock.release)

    def read_array(self, address: Any, length: int) -> Sequence[Operation]:
        return (self._connect(address).array(ARRAY, "d", length).read,)

    def slice_array(self, address: Any, length: int) -> Sequence[Operation]:
        shared = self._connect(address).array(ARRAY, "d", length)
        return (lambda: shared[:],)

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        state = self._connect(address)
        mapping = state.dict(OBJECT)
        batches = portions(size)

        def batch() -> None:
            with state.batch():
                for key, value in next(batches):
                    mapping.set(key, value)
                    mapping.get(key)

        return (batch,)

    def idle_clients(self, address: Any, count: int) -> list[Any]:
        clients = [self._connect(address) for _ in range(count)]
        for client in clients:
            client.dict(OBJECT)[KEY] = VALUE
        return clients

    def filler(self, address: Any) -> Callable[[dict[int, bytes]], object]:
        return self._connect(address).dict(OBJECT).update

    async def set_and_get_in_tasks(self, address: Any, tasks: int) -> Sequence[AsyncOperation]:
        mapping = (await self._connect_async(address)).dict(OBJECT)
        return in_pairs(mapping.set, mapping.get)

    async def update_in_tasks(
        self, address: Any, tasks: int, items: int
    ) -> Sequence[AsyncOperation]:
        mapping = (await self._connect_async(address, timeout=FLOOD_TIMEOUT_S)).dict(FLOOD)
        return (functools.partial(mapping.update, dict.fromkeys(range(items), VALUE)),)

    async def iterate_in_tasks(
        self, address: Any, tasks: int, items: int
    ) -> Sequence[AsyncOperation]:
        mapping = (await self._connect_async(address, timeout=FLOOD_TIMEOUT_S)).dict(FLOOD)
        await mapping.update(dict.fromkeys(range(items), VALUE))

        async def iterate() -> None:
            async for _ in mapping.items():
                pass

        return (iterate,)

    async def getter(self, address: Any) -> AsyncOperation:
        return (await self._connect_async(address)).queue(ITEMS).get

    async def putter(self, address: Any) -> AsyncOperation:
        items = (await self._connect_async(address)).queue(ITEMS)
        return functools.partial(items.put, VALUE)

    def _connect(self, address: Any) -> Client:
        import shared_state

        state = shared_state.connect(
            address, authkey=AUTHKEY, same_host=self.transport == "Unix", **self.options
        )
        self._check(state)
        return state

    async def _connect_async(self, address: Any, **options: Any) -> AsyncClient:
        import shared_state

        state = await shared_state.connect_async(
            address, authkey=AUTHKEY, same_host=self.transport == "Unix", **options
        )
        self._check(state)
        return state

    def _check(self, state: Client | AsyncClient) -> None:
        if state.transport != self.transport.lower():
            raise ConnectionError(f"asked for {self.transport}, came to {state.transport}")


def serve(ready: Connection, **options: Any) -> None:
    """Serve with these settings besides those of everybody."""
    from shared_state_server.listener import run
    from shared_state_server.settings import Settings

    settings = Settings(host="127.0.0.1", port=0, authkey=AUTHKEY, **options)
    run(settings, ready=lambda listening: ready.send(str(listening.address)))
