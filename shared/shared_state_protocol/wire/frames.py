"""Frames: a length of four bytes, little-endian, and that many bytes of payload.

The length is checked before anything is kept for it. What arrives in pieces is kept as pieces and
joined once, so a large frame costs one copy however it was cut.

A length with the bit `SHARED` says that the payload is not here but in memory that both sides have:
see `arena`. With no length beside it, it offers such memory to the server, and four bytes follow
that name it.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Protocol

from ..errors import ProtocolError

__all__ = [
    "HEADER_BYTES",
    "SHARED",
    "FrameReader",
    "Sharing",
    "frame",
    "header",
    "offer",
    "read_header",
]

HEADER_BYTES = 4

SHARED = 1 << 31
"""Larger than any limit for a frame."""

_NAME_BYTES = 4

_HEADER = Struct("<I")

header = _HEADER.pack
"""Returns the header of a frame whose payload has so many bytes."""

read_header = _HEADER.unpack_from
"""Returns the length that the first four bytes say, in a tuple: no slice of them is made, which is
a third of the price of looking whether what has arrived is one frame."""


def frame(payload: bytes) -> bytes:
    """Return `payload` as a frame."""
    return header(len(payload)) + payload


def offer(name: int) -> bytes:
    """Return what offers the shared memory `name` to the server."""
    return header(SHARED) + header(name)


class Sharing(Protocol):
    """Who has the memory that is shared with the other side, if there is any."""

    def take(self, length: int) -> Any:
        """Return the payload that a header with this `length` says is there.

        Raises:
            ProtocolError: it is not.
        """

    def offered(self, name: int) -> None:
        """Take the shared memory `name`, or do not.

        Raises:
            ProtocolError: none can be offered here.
        """


class FrameReader:
    """Cuts a stream of bytes into payloads; `limit` is the largest payload in bytes.

    `pending_bytes` is the number of bytes kept for a frame that is not complete. `sharing` is to be
    set where some payloads may be in shared memory.
    """

    __slots__ = ("_kept", "_wanted", "limit", "pending_bytes", "sharing")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sharing: Sharing | None = None
        self._kept: list[bytes] = []
        self.pending_bytes = 0
        self._wanted = HEADER_BYTES

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that are complete now.

        Raises:
            ProtocolError: a length over the limit; the stream cannot be read on.
        """
        if not self._kept:
            length = int.from_bytes(data[:HEADER_BYTES], "little")
            if len(data) == HEADER_BYTES + length and length <= self.limit:
                return [data[HEADER_BYTES:]]  # one whole frame: nearly always
        else:
            self._kept.append(data)
            self.pending_bytes += len(data)
            if self.pending_bytes < self._wanted:
                return []
            data = b"".join(self._kept)
            self._kept.clear()
            self.pending_bytes = 0
        payloads: list[bytes] = []
        position, size = 0, len(data)
        while True:
            start = position + HEADER_BYTES
            if start > size:
                self._wanted = HEADER_BYTES
                break
            (length,) = read_header(data, position)
            if length > self.limit:
                shared, end = self._read_shared(length, data, start)
                if end > size:
                    self._wanted = end - position
                    break
                payloads.extend(shared)
                position = end
                continue
            if start + length > size:
                self._wanted = HEADER_BYTES + length
                break
            position = start + length
            payloads.append(data[start:position])
        if position < size:
            self._kept.append(data[position:])
            self.pending_bytes = size - position
        return payloads

    def _read_shared(self, length: int, data: bytes, start: int) -> tuple[list[Any], int]:
        """Return what a `length` over the limit stands for, and where that ends.

        Raises:
            ProtocolError: it stands for nothing; the stream cannot be read on.
        """
        if self.sharing is None or length < SHARED:
            raise ProtocolError(f"a frame of {length} bytes is over the limit of {self.limit}")
        if length > SHARED:
            return [self.sharing.take(length)], start
        end = start + _NAME_BYTES
        if end <= len(data):
            self.sharing.offered(int.from_bytes(data[start:end], "little"))
        return [], end

    def take_start(self, least: int) -> tuple[bytes, int] | None:
        """Give away the frame that is not complete if its payload has `least` bytes or more.

        Returns the bytes of the payload that are there, and how many it has in all.
        """
        length = self._wanted - HEADER_BYTES
        if not self._kept or length < least:
            return None
        start = b"".join(self._kept)[HEADER_BYTES:]
        self._kept.clear()
        self._wanted, self.pending_bytes = HEADER_BYTES, 0
        return start, length
