"""Large payloads: a message whose bulk is one value, which is copied as rarely as can be.

On the wire they are messages like any other. They are told by their size, and what most of them
consist of is one `bytes` among the parts of the message, the blob (a slice of an array, a picture).
The sender writes what is before the blob, and then the blob from where it lies. The receiver takes
room for the whole payload as soon as its length is known, has the rest received right there, reads
what is around the blob as a message with a gap, and puts a view of the blob into the gap.

The blob begins at a multiple of `ALIGNMENT_BYTES`, so that it can be used as an array where it is.
"""

from __future__ import annotations

from typing import Any

from ..bounds import SIZES, check, header
from ..errors import DecodingError
from ..limits import MAX_NODES
from ..unpacking import unpack

__all__ = ["LARGE_BYTES", "LargePayload", "owned", "read_large", "with_blob"]

LARGE_BYTES = 256 * 1024
"""From here on a copy costs more than what it takes to do without."""

ALIGNMENT_BYTES = 16
"""No C type of an array wants more, and memory is given out so."""

_BLOB, _LENGTH_BYTES = b"\xc6", 4
_EMPTY = b"\xc4\x00"
_GAP = b"\xc0"
_SHORT_ARRAYS = range(0x90, 0xA0)


class LargePayload:
    """Room for one payload of `length` bytes, of which `start` has arrived.

    `rest` is where to receive what is missing; `received` is to be told how much came.
    """

    __slots__ = ("payload", "rest")

    def __init__(self, start: bytes | memoryview, length: int) -> None:
        found = _find_blob(bytes(start[:LARGE_BYTES]))
        padding = -found[1] % ALIGNMENT_BYTES if found else 0
        self.payload = memoryview(bytearray(padding + length))[padding:]
        self.payload[: len(start)] = start
        self.rest = self.payload[len(start) :]

    def received(self, size: int) -> None:
        """Take note that `size` more bytes are in their place."""
        self.rest = self.rest[size:]


def with_blob(message: bytes, blob: bytes | memoryview) -> bytes:
    """Return `message`, whose last part is empty, up to where `blob` goes in the place of it."""
    assert message.endswith(_EMPTY)
    return message[: -len(_EMPTY)] + _BLOB + len(blob).to_bytes(_LENGTH_BYTES, "big")


def read_large(payload: bytes | memoryview) -> Any:
    """Return the message of a large payload, with a view of the blob if there is one.

    Raises:
        ValueError: there is no message, or it is over a limit.
    """
    found = _find_blob(payload)
    if found is None:
        return _read_whole(bytes(payload))
    index, start, end = found
    if end > len(payload):
        raise DecodingError("not a value: the bytes end too early")
    before = bytes(payload[: start - len(_BLOB) - _LENGTH_BYTES])
    message = _read_whole(before + _GAP + bytes(payload[end:]))
    message[index] = memoryview(payload)[start:end]
    return message


def owned(message: Any) -> Any:
    """Return `message` with its blob as bytes of its own."""
    if type(message) is not list:
        return message
    parts: list[Any] = message  # pyright: ignore[reportUnknownVariableType]  # of whatever
    return [bytes(part) if type(part) is memoryview else part for part in parts]


def _read_whole(payload: bytes) -> Any:
    if len(payload) > MAX_NODES:
        check(payload)
    return unpack(payload)


def _find_blob(payload: bytes | memoryview) -> tuple[int, int, int] | None:
    """Return which part of the message is the blob, where it starts, and where it ends."""
    position = 1
    parts = payload[0] - _SHORT_ARRAYS.start if payload and payload[0] in _SHORT_ARRAYS else 0
    for index in range(parts):
        if payload[position : position + 1] == _BLOB:
            start = position + 1 + _LENGTH_BYTES
            return index, start, start + int.from_bytes(payload[position + 1 : start], "big")
        try:
            position = _end_of_part(payload, position)
        except (DecodingError, IndexError, KeyError):
            return None
    return None


def _end_of_part(payload: bytes | memoryview, position: int) -> int:
    """Return where a part ends that is no container of others."""
    size = SIZES[payload[position]]
    if size:
        return position + size
    end, inside, _ = header(payload, position)
    if inside:
        raise DecodingError("a container")
    return end
