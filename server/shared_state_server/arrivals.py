"""Arrivals: where clients on this host write down which delivery has reached them last.

What was handed to a client stays the server's until it is known to have arrived. A message that
says so is one more write, and wakes the server once more, for what matters only if the client dies
before its next request, which acknowledges. So a lane on this host may have a *place*: eight bytes
of memory that the client writes to and the server reads when the session ends. What was written is
there also after its writer was killed.

The memory is a file without a name, which other processes of this user reach through ``/proc``. It
begins with a token, so that nobody writes into another file that happens to be at that path. A
place is never given a second time: whoever had it might still write.
"""

from __future__ import annotations

import mmap
import os
from struct import Struct

__all__ = ["Arrivals", "Place", "make_arrivals"]

TOKEN_BYTES = 16

MAX_PLACES = 1 << 20
"""Lanes that can have one, in the life of a server; the others confirm by messages. Only what was
written to takes memory."""

_NUMBER = Struct("<Q")
_FIRST = 64
_SIZE = _FIRST + MAX_PLACES * _NUMBER.size


class Place:
    """The place of one lane: `offset` is in bytes from the start of the memory."""

    __slots__ = ("_memory", "offset")

    def __init__(self, memory: mmap.mmap, offset: int) -> None:
        self._memory = memory
        self.offset = offset

    def last(self) -> int:
        """Return the number of the last delivery that has arrived; 0 if there was none."""
        number: int = _NUMBER.unpack_from(self._memory, self.offset)[0]
        return number


class Arrivals:
    """The memory of a server, reached at `path`; it begins with `token`."""

    def __init__(self) -> None:
        self._file = os.memfd_create("shared-state")  # closed at exec
        os.ftruncate(self._file, _SIZE)
        self._memory = mmap.mmap(self._file, _SIZE)
        self._given = 0
        self.path = f"/proc/{os.getpid()}/fd/{self._file}"
        self.token = os.urandom(TOKEN_BYTES)
        self._memory[:TOKEN_BYTES] = self.token

    def give_place(self) -> Place | None:
        """Return a place that nobody had, if one is left."""
        if self._given == MAX_PLACES:
            return None
        offset = _FIRST + self._given * _NUMBER.size
        self._given += 1
        return Place(self._memory, offset)

    def close(self) -> None:
        """Let nobody find it any more; places that were given can still be read."""
        os.close(self._file)


def make_arrivals() -> Arrivals | None:
    """Return such memory, or None where the system has none."""
    try:
        return Arrivals()
    except (AttributeError, OSError):  # no Linux, or one that forbids it
        return None
