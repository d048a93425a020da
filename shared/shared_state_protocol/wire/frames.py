"""Frames: a length of four bytes, little-endian, and that many bytes of payload.

The length is checked before anything is kept for it. What arrives in pieces is kept as pieces and
joined once, so a large frame costs one copy however it was cut.
"""

from __future__ import annotations

from struct import Struct

from ..errors import ProtocolError

__all__ = ["HEADER_BYTES", "FrameReader", "frame", "header"]

HEADER_BYTES = 4


header = Struct("<I").pack
"""Returns the header of a frame whose payload has so many bytes."""


def frame(payload: bytes) -> bytes:
    """Return `payload` as a frame."""
    return header(len(payload)) + payload


class FrameReader:
    """Cuts a stream of bytes into payloads; `limit` is the largest payload in bytes.

    `pending_bytes` is the number of bytes kept for a frame that is not complete.
    """

    __slots__ = ("_kept", "_wanted", "limit", "pending_bytes")

    def __init__(self, limit: int) -> None:
        self.limit = limit
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
            length = int.from_bytes(data[position:start], "little")
            if length > self.limit:
                raise ProtocolError(f"a frame of {length} bytes is over the limit of {self.limit}")
            if start + length > size:
                self._wanted = HEADER_BYTES + length
                break
            position = start + length
            payloads.append(data[start:position])
        if position < size:
            self._kept.append(data[position:])
            self.pending_bytes = size - position
        return payloads

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
