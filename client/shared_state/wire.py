"""The wire of an async client: one connection, from the handshake to its end.

It cuts the bytes that arrive into messages and hands each to its client; what the client has to say
it writes to `transport` itself. A wire is used once: after a break the client makes another.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from shared_state_protocol.errors import AuthenticationError, ProtocolError
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.connection import ClientOpening
from shared_state_protocol.wire.frames import FrameReader
from shared_state_protocol.wire.handshake import Welcome

from .sockets import break_off, tune

if TYPE_CHECKING:
    from .awaiting import AsyncClient

__all__ = ["Wire"]


class Wire(asyncio.Protocol):
    """One connection of an async client. `opened` is done when the server is known."""

    def __init__(self, client: AsyncClient, kind: str, opening: ClientOpening) -> None:
        loop = asyncio.get_running_loop()
        self.kind = kind
        self.transport: Any = None  # uvloop's transports do not inherit from asyncio's
        self.opened: asyncio.Future[Welcome] = loop.create_future()
        self.closed = asyncio.Event()
        self._client = client
        self._opening = opening
        self._reader: FrameReader | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        if self.kind == "tcp":
            tune(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        try:
            if self._reader is None:
                self._open(data)
            else:
                for payload in self._reader.feed(data):
                    self._client.receive(messages.read(payload))
        except (ProtocolError, AuthenticationError) as error:
            if not self.opened.done():
                self.opened.set_exception(error)
            self.abort()

    def _open(self, data: bytes) -> None:
        answer = self._opening.receive(data)
        if answer:
            self.transport.write(answer)
        welcome = self._opening.welcome
        if welcome is not None and not self.opened.done():
            self._reader = FrameReader(welcome.max_frame_bytes)
            self.opened.set_result(welcome)

    def eof_received(self) -> None:
        """The server, or somebody on the way to it, ends the connection: the client comes back."""
        self.break_off()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        if not self.opened.done():
            self.opened.set_exception(
                ConnectionResetError("the server closed the connection before the handshake")
            )
            self.opened.exception()  # nobody waits for it when connecting was given up
        self._client.lost(self)

    def abort(self) -> None:
        """Close at once, if there is anything to close, by a client that means to come back."""
        if self.transport is not None:
            self.break_off()
            self.transport.abort()

    def break_off(self) -> None:
        """Have the coming close be a reset; see `sockets.break_off`."""
        if self.kind == "tcp":
            break_off(self.transport.get_extra_info("socket"))
