"""Links: the connection of a lane, between bytes and messages.

It knows when it is broken, and never has half a frame behind it: whatever interrupts a write or
leaves the middle of a frame unread leaves no socket in use (`_socket` is None then), so that the
next call takes another connection.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import HEADER_BYTES, FrameReader, read_header
from shared_state_protocol.wire.handshake import Welcome
from shared_state_protocol.wire.large import LARGE_BYTES, LargePayload, Pieces

from .busy_poll import Readable
from .request import Message
from .sharing import Sharing
from .sockets import break_off, end_in_order

__all__ = ["Broken", "Link", "Silence", "is_of_socket"]

FIRST_READ_BYTES = 512 - sys.getsizeof(b"")
"""In one read, which is all of most replies. For as much as this Python has memory at hand; to ask
the system for more, and to give it back, took 800 of the 25,600 instructions of a call."""

READ_BYTES = 8 * 1024
"""In one read by whoever had a reply that was longer."""


T = TypeVar("T")


class Broken(Exception):
    """The connection is gone."""


class Silence(Exception):
    """Nothing came within the kernel's deadline."""


class Link:
    """One connection to a server, as `sockets.dial` has opened it."""

    _instance: bytes
    _opened: socket.socket
    _socket: socket.socket | None
    _readable: Readable
    _read_bytes: int
    _reader: FrameReader
    _sharing: Sharing
    _short_bytes: int
    _payloads: list[bytes]

    def __init__(self, opened: socket.socket, welcome: Welcome) -> None:
        self._use(opened, welcome)

    def _use(self, opened: socket.socket, welcome: Welcome) -> None:
        """Go on with a connection that was just opened."""
        self._instance = welcome.instance
        self._opened = self._socket = opened
        self._readable = Readable(opened)
        self._read_bytes = FIRST_READ_BYTES
        self._reader = FrameReader(welcome.max_frame_bytes)
        self._sharing = Sharing(self._reader, is_near=self.transport == "unix")
        self._short_bytes = min(welcome.max_frame_bytes, LARGE_BYTES)
        self._payloads = []
        end_in_order(opened)

    @property
    def transport(self) -> str:
        """How the server is reached now: ``tcp`` or ``unix``, or empty while it is not."""
        if self._socket is None:
            return ""
        return "tcp" if self._socket.family != socket.AF_UNIX else "unix"

    def close(self) -> None:
        """Close the connection, in order."""
        self._sharing.close()
        self._opened.close()
        self._socket = None

    def _tell(self, *parts: bytes | memoryview, flags: int = 0) -> bool:
        """Send, and return whether it went; a read will find what to do about it otherwise."""
        try:
            self._send(parts, flags)
        except Broken:
            return False
        return True

    def _send(self, parts: Iterable[bytes | memoryview], flags: int) -> None:
        sock = self._socket
        if sock is None:
            raise Broken
        # Whatever interrupts the writes leaves no socket in use with half a frame in it.
        self._socket = None
        try:
            for part in parts:
                sock.sendall(part, flags)
        except OSError as error:
            if not is_of_socket(error):
                raise
            sock.close()
            raise Broken from error
        self._socket = sock

    def _read(self) -> Message:
        """Return the next message, whichever request it answers."""
        if self._payloads:
            return messages.read(self._payloads.pop(0))
        while True:
            message = self._take(self._receive(lambda sock: sock.recv(READ_BYTES)))
            if message is not None:
                return message

    def _take(self, data: bytes) -> Message | None:
        """Return the first message that is whole with `data`, and keep the others."""
        self._refuse_end(len(data))
        missing = self._missing(data)
        if missing > 0:
            self._read_bytes = READ_BYTES
        if missing > READ_BYTES:
            return messages.read(self._receive_large(data, missing))
        self._payloads = self._reader.feed(data)
        return messages.read(self._payloads.pop(0)) if self._payloads else None

    def _missing(self, data: bytes) -> int:
        """Return how much is still to come of the one frame that begins with `data`."""
        if len(data) < HEADER_BYTES or self._reader.pending_bytes:
            return 0
        (length,) = read_header(data)
        return HEADER_BYTES + length - len(data) if length <= self._reader.limit else 0

    def _receive_large(self, start: bytes, missing: int) -> bytes | Pieces:
        """Return the payload of the large frame that begins with `start`, received in its place."""
        large = LargePayload(start[HEADER_BYTES:], len(start) - HEADER_BYTES + missing)
        while large.rest:
            try:
                more = self._receive(_into(large.rest))
            except BaseException:
                self._reader.feed(start[:HEADER_BYTES] + large.so_far())
                raise
            self._refuse_end(more)
            large.received(more)
        self._tell(*self._sharing.passed_by(len(start) + missing))
        return large.payload()

    def _refuse_end(self, size: int) -> None:
        if not size:
            break_off(self._opened)
            self.close()
            raise Broken

    def _receive(self, receive: Callable[[socket.socket], T]) -> T:
        """Return what `receive` makes of the connection."""
        sock = self._socket
        if sock is None:
            raise Broken
        try:
            return receive(sock)
        except BlockingIOError:
            raise Silence from None
        except OSError as error:
            if not is_of_socket(error):
                raise
            self.close()
            raise Broken from error


def _into(buffer: memoryview) -> Callable[[socket.socket], int]:
    return lambda sock: sock.recv_into(buffer)


def is_of_socket(error: BaseException) -> bool:
    """Return whether a socket raised it, and no signal handler: `TimeoutError` is an OSError too.

    What the system says has a number.
    """
    return isinstance(error, OSError) and error.errno is not None
