"""The limit: bytes sent back as they came, by a loop that does nothing else.

One thread, `epoll`, blocking sockets that are known to be readable: `recv` and `sendall` are
all that a request costs. A thread per connection is no faster with one client and costs more
CPU with eight. The frame has the size of our own request. Whatever is one request elsewhere is
one round trip here: nobody's queue or lock can be faster than that.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.performance.peers import Operation, Transport
from tests.performance.serving import Server, server_over

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

FRAME = b"x" * 48
BACKLOG = 1024
RECEIVE_BYTES = 65536


@dataclass(frozen=True)
class Echo:
    transport: Transport
    product = "bare socket echo"
    is_heavy = False

    def missing(self) -> str | None:
        return None if hasattr(select, "epoll") else "epoll is Linux's"

    def version(self) -> str:
        return f"{len(FRAME)} bytes there and back"

    def serve(self) -> AbstractContextManager[Server]:
        return server_over(self.transport, echo)

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        connection = connect(address)

        def round_trip() -> None:
            connection.sendall(FRAME)
            if connection.recv(RECEIVE_BYTES) != FRAME:
                raise ConnectionError("the echo came back in pieces")

        return (round_trip, round_trip)

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        return self.set_and_get(address)

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        return self.set_and_get(address)

    def idle_clients(self, address: Any, count: int) -> list[Any]:
        connections = [connect(address) for _ in range(count)]
        for connection in connections:
            connection.sendall(FRAME)
            connection.recv(RECEIVE_BYTES)
        return connections


def connect(address: Any) -> socket.socket:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    connection = socket.socket(family)
    connection.connect(address)
    send_at_once(connection)
    return connection


def send_at_once(connection: socket.socket) -> None:
    """Without Nagle's algorithm, as every product here does."""
    if connection.family == socket.AF_INET:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def echo(ready: Connection, path: str | None) -> None:
    """Serve for ever on a Unix socket, or on a free TCP port when there is no path."""
    listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    listener.bind(path or ("127.0.0.1", 0))
    listener.listen(BACKLOG)
    ready.send(listener.getsockname())
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    connections: dict[int, socket.socket] = {}
    while True:
        for descriptor, _ in poll.poll():
            connection = connections.get(descriptor)
            if connection is None:
                connection = listener.accept()[0]
                send_at_once(connection)
                connections[connection.fileno()] = connection
                poll.register(connection, select.EPOLLIN)
            elif data := connection.recv(RECEIVE_BYTES):
                connection.sendall(data)
            else:
                poll.unregister(connection)
                connections.pop(descriptor).close()
