"""Large payloads: a message whose bulk is one value, which is copied as rarely as can be.

On the wire they are messages like any other. They are told by their size, and what most of them
consist of is one `bytes` among the parts of the message, the blob (a slice of an array, a picture).
The sender writes what is before the blob, and then the blob from where it lies. The receiver takes
room for the blob as soon as its length is known and has it received right there; what is around it
is read as a message with a gap, and the blob is put into the gap.

To copy 64 MB into memory that is new takes 15 to 60 ms, most of it for the kernel to find pages,
and a server stands still for so long. So the room is zeros that nobody has touched, whose pages are
found one by one as bytes arrive, and it becomes the `bytes` that a dict keeps without being copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from ..bounds import SIZES, check
from ..bounds import header as header_of
from ..errors import DecodingError
from ..limits import MAX_NODES
from ..split import BLOB_HEADER_BYTES, Split, blob_header
from ..unpacking import unpack
from .frames import header

__all__ = [
    "LARGE_BYTES",
    "Frame",
    "LargePayload",
    "Pieces",
    "Scattered",
    "joined",
    "parts_of",
    "place_of_blob",
    "read_large",
    "scattered",
]

LARGE_BYTES = 128 * 1024
"""From here on a copy costs more than what it takes to do without, and so does the way through a
Unix socket, compared to shared memory: as long at 128 KiB, three times as long at 256 KiB."""

_BLOB = blob_header(0)[:1]
_GAP = b"\xc0"
_SHORT_ARRAYS = range(0x90, 0xA0)
_NO_ROOM = memoryview(b"")


class Scattered:
    """A frame whose bytes, those of `parts` in order, nobody has put together."""

    __slots__ = ("_size", "parts")

    def __init__(self, *parts: bytes | memoryview) -> None:
        self.parts = tuple(part for part in parts if part)
        self._size = sum(map(len, parts))

    def __len__(self) -> int:
        return self._size


Frame = bytes | Scattered


def parts_of(frame: Frame) -> tuple[bytes | memoryview, ...]:
    """Return what a frame consists of, in order."""
    return frame.parts if isinstance(frame, Scattered) else (frame,)


def joined(frame: Frame) -> bytes:
    """Return a frame as one."""
    return b"".join(parts_of(frame))


class Pieces:
    """A payload whose part `index` is a blob, with what is before its contents and behind them."""

    __slots__ = ("before", "behind", "blob", "index")

    def __init__(self, index: int, before: bytes, blob: bytes | Split, behind: bytes) -> None:
        self.index = index
        self.before = before
        self.blob = blob
        self.behind = behind

    def __len__(self) -> int:
        return len(self.before) + len(self.blob) + len(self.behind)


class LargePayload:
    """Room for one payload of `length` bytes, of which `start` has arrived.

    `rest` is where to receive what comes next, empty once all is there; `received` is to be told
    how much came.
    """

    __slots__ = ("_before", "_behind", "_index", "_later", "_missing", "_room", "rest")

    def __init__(self, start: bytes, length: int) -> None:
        self._index, begin, end = place_of_blob(start, length)
        self._before = start[:begin]
        # The one thing that hands out memory to write into and then gives it away as bytes, as it
        # is. The zeros are the system's own until they are written to.
        self._room = BytesIO(bytes(end - begin))
        self._behind = bytearray(length - end)
        self._missing = length - begin
        self.rest, self._later = self._room.getbuffer(), memoryview(self._behind)
        self._take(start[begin:])

    def received(self, size: int) -> None:
        """Take note that `size` more bytes are in their place."""
        self._missing -= size
        self.rest = self.rest[size:]
        if not self.rest:
            self.rest, self._later = self._later, _NO_ROOM

    def _take(self, data: bytes) -> None:
        while data:
            size = min(len(data), len(self.rest))
            self.rest[:size] = data[:size]
            self.received(size)
            data = data[size:]

    def so_far(self) -> bytes:
        """Return what has arrived, as if it had not been put in its place."""
        room = (self._before, self._room.getbuffer(), self._behind)
        whole = b"".join(room)
        return whole[: len(whole) - self._missing]

    def release(self) -> None:
        """Hold the room no more: the garbage collector complains of memory that somebody holds."""
        self.rest = self._later = _NO_ROOM

    def payload(self) -> bytes | Pieces:
        """Return the payload, all of which has arrived. Nobody may hold `rest` any more."""
        self.release()
        blob = self._room.getvalue()
        if not self._before:
            return blob
        return Pieces(self._index, self._before, blob, bytes(self._behind))


def scattered(before: Sequence[bytes], blob: bytes | Split, behind: Sequence[bytes]) -> Scattered:
    """Return the frame of a message: a few packed parts, a blob, and more of them."""
    count = len(before) + 1 + len(behind)
    start = b"".join((_SHORT_ARRAYS[count].to_bytes(1, "big"), *before, blob_header(len(blob))))
    end = b"".join(behind)
    length = header(len(start) + len(blob) + len(end))
    if isinstance(blob, Split):
        return Scattered(length + start + blob.head, blob.body, end)
    return Scattered(length + start, blob, end)


def read_large(payload: bytes | Pieces) -> Any:
    """Return the message of a large payload.

    Raises:
        ValueError: there is no message, or it is over a limit.
    """
    if isinstance(payload, bytes):
        return _read_whole(payload)
    before = payload.before[:-BLOB_HEADER_BYTES]
    message = _read_whole(before + _GAP + payload.behind)
    message[payload.index] = payload.blob
    return message


def _read_whole(payload: bytes) -> Any:
    if len(payload) > MAX_NODES:
        check(payload)
    return unpack(payload)


def place_of_blob(start: bytes, length: int) -> tuple[int, int, int]:
    """Return which part of the message is the blob, where its contents begin, and where they end.

    Without a blob, or where the start does not tell, all of the payload is taken for one.
    """
    found = _find_blob(start) if length > LARGE_BYTES else None
    if found is None or found[1] > len(start) or found[2] > length:
        return 0, 0, length
    return found


def _find_blob(payload: bytes) -> tuple[int, int, int] | None:
    """Return which part of the message is the blob, where it starts, and where it ends."""
    position = 1
    parts = payload[0] - _SHORT_ARRAYS.start if payload and payload[0] in _SHORT_ARRAYS else 0
    for index in range(parts):
        if payload[position : position + 1] == _BLOB:
            start = position + BLOB_HEADER_BYTES
            return index, start, start + int.from_bytes(payload[position + 1 : start], "big")
        try:
            position = _end_of_part(payload, position)
        except (DecodingError, IndexError, KeyError):
            return None
    return None


def _end_of_part(payload: bytes, position: int) -> int:
    """Return where a part ends that is no container of others."""
    size = SIZES[payload[position]]
    if size:
        return position + size
    end, inside, _ = header_of(payload, position)
    if inside:
        raise DecodingError("a container")
    return end
