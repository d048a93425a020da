"""What uvloop costs by itself: a protocol that sends so much back for what came, and nothing else.

The clients are the same bare sockets as those of the other echo: only the server differs.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from tests.performance.peers import not_installed
from tests.performance.peers.echo import REPLIES, Echo, told_sizes
from tests.performance.serving import Server, server_over

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


class UvloopEcho(Echo):
    product = "bare uvloop echo"

    def missing(self) -> str | None:
        return not_installed("uvloop", "uvloop")

    def version(self) -> str:
        return f"uvloop {importlib.metadata.version('uvloop')}, {told_sizes()}"

    def serve(self) -> AbstractContextManager[Server]:
        return server_over(self.transport, echo)


class Back(asyncio.Protocol):
    """One connection."""

    transport: Any  # uvloop's transports do not inherit from asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(REPLIES[len(data)])


def echo(ready: Connection, path: str | None) -> None:
    """Serve for ever on a Unix socket, or on a free TCP port when there is no path."""
    importlib.import_module("uvloop").run(serve(ready, path))


async def serve(ready: Connection, path: str | None) -> None:
    loop = asyncio.get_running_loop()
    if path:
        server = await loop.create_unix_server(Back, path)
    else:
        server = await loop.create_server(Back, "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname())
    await server.serve_forever()
