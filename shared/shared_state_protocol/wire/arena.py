"""Arenas: memory that a client and a server of one host share, for what is large.

Through a socket a megabyte is copied into the kernel and out of it again, in many small steps with
a change of process at each. In shared memory its sender copies it once and its receiver once; over
the socket goes a header of four bytes, so that the order of all frames is the socket's as ever.

An arena belongs to one connection and has two halves, one for each direction::

    0                 the mark of the client's half, then room for one payload
    HALF_BYTES        the same of the server's half

The mark is one byte. It is `UNOPENED` until the server has the arena, too. Who has put a payload
into its half sets the mark to `FULL`, and says so over the socket; who has taken it out sets it to
`EMPTY`. A half that is not empty is not written to: what is to be sent meanwhile, and what is too
long for a half, goes over the socket. So does everything if the server refuses the arena: it says
nothing, and the mark stays as it is.

The client's half has a number beside its mark: of the last delivery that has arrived. To write it
down there costs nothing, where a message would be a write and wake the server for what matters only
if the client dies before its next request, which acknowledges. What was written is there also after
its writer was killed.

The marks are hints of the other side's, which may lie: the receiver copies first and looks at its
copy then, so a peer that changes what it has sent deceives nobody but itself.
"""

from __future__ import annotations

from struct import Struct

from ..errors import ProtocolError
from ..split import split_bytes
from .frames import HEADER_BYTES, SHARED, header
from .large import Frame, Pieces, parts_of, place_of_blob

__all__ = ["ARENA_BYTES", "CLIENT", "HALF_BYTES", "ROOM_BYTES", "SERVER", "Arena"]

HALF_BYTES = 8 * 1024 * 1024
"""A million doubles. To copy so much takes 0.3 ms, and the first time, while the kernel looks for
pages, 5 ms; whoever has more to send goes through the socket, where others have their turns."""

_ARRIVED_AT = 8
_NUMBER = Struct("@Q")
"""As the host has it, so that it is written at once: a process can be killed between two bytes."""

MARK_BYTES = 64
"""What follows is aligned to the lines of the processor's cache."""

ROOM_BYTES = HALF_BYTES - MARK_BYTES
ARENA_BYTES = 2 * HALF_BYTES

CLIENT, SERVER = 0, 1
"""Whose half it is."""

UNOPENED, EMPTY, FULL = 0, 1, 2

_START_BYTES = 4096
"""In so much of a payload is told where its blob begins; if the key before it is longer, the blob
is copied once more."""


class Arena:
    """One side's view of the shared `memory`; `side` is whose half it writes to.

    With `splits`, what it takes out may be a `Split`, where that is the payload of `bytes`.
    """

    __slots__ = ("_in", "_out", "_splits")

    def __init__(self, memory: memoryview, side: int, *, splits: bool = False) -> None:
        halves = memory[:HALF_BYTES], memory[HALF_BYTES:ARENA_BYTES]
        self._out, self._in = halves[side], halves[not side]
        self._splits = splits

    def open(self) -> None:
        """Say that both sides have it."""
        self._out[0] = self._in[0] = EMPTY

    @property
    def is_open(self) -> bool:
        """Whether the server has said that it has it, too."""
        return self._out[0] != UNOPENED

    def note(self, number: int) -> bool:
        """Write down that the delivery `number` has arrived; return whether the server can see."""
        if self._out[0] == UNOPENED:  # `is_open` written out: a property is 2% of a `get`
            return False
        _NUMBER.pack_into(self._out, _ARRIVED_AT, number)
        return True

    def noted(self) -> int:
        """Return the number of the last delivery that has arrived at the client; 0 for none."""
        number: int = _NUMBER.unpack_from(self._in, _ARRIVED_AT)[0]
        return number

    def put(self, frame: Frame) -> bytes | None:
        """Put the payload of `frame` here; return what to send instead, or None without room."""
        size = len(frame) - HEADER_BYTES
        out = self._out
        if size > ROOM_BYTES or out[0] != EMPTY:
            return None
        out[0] = FULL
        first, *others = parts_of(frame)
        position = MARK_BYTES
        for part in (memoryview(first)[HEADER_BYTES:], *others):
            end = position + len(part)
            out[position:end] = part
            position = end
        return header(SHARED | size)

    def take(self, length: int) -> bytes | Pieces:
        """Return a copy of the payload that a header of this `length` says is here.

        Raises:
            ProtocolError: there is none, or none so long.
        """
        size = length - SHARED
        if size > ROOM_BYTES or self._in[0] != FULL:
            raise ProtocolError(f"a payload of {size} bytes that is not in the shared memory")
        payload = self._in[MARK_BYTES : MARK_BYTES + size]
        taken = self._copy_of(payload)
        self._in[0] = EMPTY
        return taken

    def _copy_of(self, payload: memoryview) -> bytes | Pieces:
        start = bytes(payload[:_START_BYTES])
        index, begin, end = place_of_blob(start, len(payload))
        if not begin:
            return bytes(payload)
        blob = payload[begin:end]
        copy = (split_bytes(blob) if self._splits else None) or bytes(blob)
        return Pieces(index, start[:begin], copy, bytes(payload[end:]))
