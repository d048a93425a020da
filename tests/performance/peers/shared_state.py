"""Ourselves: the server as the command line runs it, and the blocking client as users have it.

Over TCP the client is kept from moving to the Unix socket; over Unix it moves there by itself,
as it does for every user on the server's host.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.performance.peers import AUTHKEY, KEY, VALUE, Operation, Transport
from tests.performance.serving import Server, python_server

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from shared_state import Client

OBJECT = "performance"


@dataclass(frozen=True)
class SharedState:
    transport: Transport
    product = "shared-state"

    def missing(self) -> str | None:
        if importlib.util.find_spec("shared_state_server") is None:
            return "not installed: pip install -e ."
        return None

    def version(self) -> str:
        loop = "uvloop" if importlib.util.find_spec("uvloop") else "asyncio's own loop"
        return f"{importlib.metadata.version('shared-state')} on {loop}"

    @contextmanager
    def serve(self) -> Iterator[Server]:
        with python_server(serve) as server:
            yield server

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        mapping = self._connect(address).dict(OBJECT)
        return (
            functools.partial(mapping.__setitem__, KEY, VALUE),
            functools.partial(mapping.__getitem__, KEY),
        )

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        state = self._connect(address)
        mapping = state.dict(OBJECT)

        def batch() -> None:
            with state.batch():
                for _ in range(size // 2):
                    mapping.set(KEY, VALUE)
                    mapping.get(KEY)

        return (batch,)

    def idle_clients(self, address: Any, count: int) -> list[Any]:
        clients = [self._connect(address) for _ in range(count)]
        for client in clients:
            client.dict(OBJECT)[KEY] = VALUE
        return clients

    def _connect(self, address: Any) -> Client:
        import shared_state

        state = shared_state.connect(address, authkey=AUTHKEY, same_host=self.transport == "Unix")
        if state.transport != self.transport.lower():
            raise ConnectionError(f"asked for {self.transport}, came to {state.transport}")
        return state


def serve(ready: Connection) -> None:
    from shared_state_server.listener import run
    from shared_state_server.settings import Settings

    settings = Settings(host="127.0.0.1", port=0, authkey=AUTHKEY)
    run(settings, ready=lambda listening: ready.send(str(listening.address)))
