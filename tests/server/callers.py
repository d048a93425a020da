"""Callers: connections of a server without a socket, over transports that do as a test says.

`Lobby` is a server's hall and service on virtual time; `Lobby.call` makes a connection in it and
returns the peer's end. The peer speaks bytes; what the server wrote to it is parsed on demand.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from shared_state_protocol.wire import messages
from shared_state_protocol.wire.connection import ClientOpening
from shared_state_protocol.wire.frames import FrameReader
from shared_state_protocol.wire.handshake import GREETING_BYTES, NONCE_BYTES, VERSION, Hello
from shared_state_server.connection import Connection
from shared_state_server.hall import Hall
from shared_state_server.service import Service
from shared_state_server.settings import Settings

from .virtual_time import VirtualLoop

__all__ = ["KEY", "Caller", "Lobby", "Socket"]

KEY = b"the key of servers without sockets"


class Socket:
    """What a server asks a socket for before anything is sent."""

    def __init__(self, family: int) -> None:
        self.family = family
        self.options: dict[tuple[int, int], int] = {}

    def getsockname(self) -> tuple[str, int]:
        return "10.0.0.2", 50000

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.options[level, option] = value


class Transport(asyncio.Transport):
    """A transport whose peer reads only while `reads` is true."""

    def __init__(self, loop: VirtualLoop, protocol: Connection, peername: object) -> None:
        family = socket.AF_INET6 if isinstance(peername, tuple) and len(peername) > 2 else None
        super().__init__({"peername": peername, "socket": Socket(family or socket.AF_INET)})
        self.reads = True
        self.is_reading_paused = False
        self.writes: list[bytes] = []
        self.waiting_bytes = 0
        self.is_gone = False
        self._is_lost = False
        self._loop = loop
        self._protocol = protocol
        self._high = 64 * 1024
        self._is_closing = False
        self._is_writing_paused = False

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = high or 0

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def write(self, data: Any) -> None:
        if self._is_lost:
            raise RuntimeError("the handler is closed")  # as uvloop's transports do
        if self.is_gone:
            return
        self.writes.append(bytes(data))
        if not self.reads:
            self.waiting_bytes += len(data)
        if self.waiting_bytes > self._high and not self._is_writing_paused:
            self._is_writing_paused = True
            self._protocol.pause_writing()

    def take(self, size: int) -> None:
        """Have the peer read so many of the bytes that wait for it."""
        self.waiting_bytes -= size
        if self._is_writing_paused and self.waiting_bytes <= self._high // 4:
            self._is_writing_paused = False
            self._protocol.resume_writing()
        if self._is_closing and not self.waiting_bytes:
            self.lose(None)

    def pause_reading(self) -> None:
        self.is_reading_paused = True

    def resume_reading(self) -> None:
        self.is_reading_paused = False

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True
        if not self.waiting_bytes:
            self.lose(None)

    def abort(self) -> None:
        self._is_closing = True
        self.lose(None)

    def lose(self, error: Exception | None) -> None:
        """End the connection, as `error` says or in order."""
        if not self.is_gone:
            self.is_gone = self._is_closing = True
            self._loop.call_soon(self._end, error)

    def _end(self, error: Exception | None) -> None:
        self._protocol.connection_lost(error)
        self._is_lost = True


class Caller:
    """The peer's end of one connection."""

    def __init__(self, lobby: Lobby, peername: object) -> None:
        self._loop = lobby.loop
        self.connection = Connection(lobby.hall)
        self.transport = Transport(lobby.loop, self.connection, peername)
        self._heard = 0
        self._reader = FrameReader(1 << 30)
        self._number = 0
        self._loop.perform(self.connection.connection_made, self.transport)

    def say(self, data: bytes) -> None:
        """Have the server receive `data`, unless the connection is gone."""
        if not self.transport.is_closing():
            self._loop.perform(self.transport.get_protocol().data_received, data)

    def said(self) -> bytes:
        """Return what the server has written since it was asked last."""
        everything = b"".join(self.transport.writes)
        new, self._heard = everything[self._heard :], len(everything)
        return new

    def hello(self, session: int = 1, lane: int = 1, key: bytes = KEY) -> bytes:
        """Return the bytes that answer the greeting."""
        self._opening = ClientOpening(
            key,
            Hello(
                version=VERSION,
                user="default",
                nonce=bytes(NONCE_BYTES),
                session=session.to_bytes(16, "big"),
                lane=lane,
                resumes=False,
                host="caller",
                pid=session,
                thread=f"thread {lane}",
            ),
        )
        greeting = b"".join(self.transport.writes)[:GREETING_BYTES]
        return self._opening.receive(greeting)

    def come_in(self, session: int = 1, lane: int = 1) -> Caller:
        """Prove the key, and check that the server did."""
        self.said()
        self.say(self.hello(session, lane))
        self._opening.receive(self.said())
        assert self._opening.welcome is not None
        return self

    def request(self, wire: str, name: str, *arguments: Any) -> bytes:
        """Return the frame of the next request."""
        self._number += 1
        return messages.request(self._number, 0, wire, name, arguments)

    def replies(self) -> list[list[Any]]:
        """Return the messages that have come since it was asked last."""
        return [messages.read(payload) for payload in self._reader.feed(self.said())]


class Lobby:
    """A hall on virtual time."""

    def __init__(self, **settings: Any) -> None:
        self.loop = VirtualLoop()
        self.service = Service(
            version="of the lobby",
            clock=self.loop.time,
            session_grace=10.0,
            later=self.loop.call_later,
            alarm=lambda deadline: None,
        )
        chosen = Settings(**{"port": 0, "authkey": KEY, **settings})
        self.hall = Hall(chosen, self.service, instance=bytes(16))

    def call(self, peername: object = ("10.0.0.1", 4711)) -> Caller:
        """Return a peer that has just connected."""
        return Caller(self, peername)

    def close(self) -> None:
        """Lose every connection."""
        for connection in list(self.hall.connections):
            connection.abort()
        self.loop.turn(2)
        self.loop.close()
