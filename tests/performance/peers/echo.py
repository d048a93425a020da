"""The limit: for so many bytes that come so many are sent back, by a loop that does nothing else.

One thread, `epoll`, blocking sockets that are known to be readable: `recv` and `sendall` are
all that a request costs. A thread per connection is no faster with one client and costs more
CPU with eight. Frames are as long as ours of a set and of a get, both ways. Whatever is one request
elsewhere is one round trip here: nobody's queue or lock can be faster than that.
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

SIZES = {65: 9, 54: 27}
"""Bytes there and back: of our set and our get, from the 256th request of a client on."""

REPLIES = {size: b"x" * back for size, back in SIZES.items()}
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
        return told_sizes()

    def serve(self) -> AbstractContextManager[Server]:
        return server_over(self.transport, echo)

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        connection = connect(address)
        return [round_trip(connection, size) for size in SIZES]

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        return self.set_and_get(address)

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        return self.set_and_get(address)

    def idle_clients(self, address: Any, count: int) -> list[Any]:
        connections = [connect(address) for _ in range(count)]
        for connection in connections:
            round_trip(connection, next(iter(SIZES)))()
        return connections


def told_sizes() -> str:
    there, back = (" and ".join(map(str, sizes)) for sizes in (SIZES, SIZES.values()))
    return f"{there} bytes there, {back} back"


def round_trip(connection: socket.socket, size: int) -> Operation:
    """Return an operation that sends so many bytes and waits for those that come back."""
    request, reply = b"x" * size, REPLIES[size]

    def send_and_receive() -> None:
        connection.sendall(request)
        if connection.recv(RECEIVE_BYTES) != reply:
            raise ConnectionError("the echo came back in pieces")

    return send_and_receive


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
                connection.sendall(REPLIES[len(data)])
            else:
                poll.unregister(connection)
                connections.pop(descriptor).close()
