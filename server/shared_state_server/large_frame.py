"""Large frames: received by the kernel where they are to stay.

A connection gets chunks of what the loop has read, and joins them: for a large frame that is a copy
for each step. As soon as one has begun whose length says that it is large, its connection gives its
transport a `LargeFrame` in its place, into whose room the loop reads. It takes no byte too many,
and then gives the transport back.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from shared_state_protocol.wire.large import LargePayload

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["LargeFrame"]

READ_BYTES = 256 * 1024
"""Of one read: libuv reads 32 times before anybody else has a turn, and 8 MB take it some 5 ms."""


class LargeFrame(asyncio.BufferedProtocol):
    """Receives a payload of `length` bytes, which begins with `start`, for a connection."""

    __slots__ = ("_connection", "_payload", "_transport")

    def __init__(self, connection: Connection, transport: Any, start: bytes, length: int) -> None:
        self._connection = connection
        self._transport = transport
        self._payload = LargePayload(start, length)
        self._read_with(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._payload.rest[:READ_BYTES]

    def buffer_updated(self, nbytes: int) -> None:
        self._payload.received(nbytes)
        if not self._payload.rest:
            # Not now: the loop has the buffer until this returns.
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._hand_over)

    def _hand_over(self) -> None:
        if not self._transport.is_closing():
            self._read_with(self._connection)
            self._connection.large_received(self._payload.payload())

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._payload.release()
        self._connection.connection_lost(exc)

    def _read_with(self, protocol: asyncio.BaseProtocol) -> None:
        """Have the transport read for `protocol`; how it reads is decided when it begins to."""
        self._transport.pause_reading()
        self._transport.set_protocol(protocol)
        self._transport.resume_reading()
