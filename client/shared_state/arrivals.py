"""Arrivals: writing down for a server on this host which delivery has arrived last.

The server tells by `State.arrivals` where. Whether that is its memory, and not another file of a
host or a container that has the same path, is seen by the name of the file and by its token.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from functools import partial
from struct import Struct

__all__ = ["Note", "find_place"]

Note = Callable[[int], None]
"""Writes down the number of a request whose reply has arrived."""

_NAME = "/memfd:shared-state "
_NUMBER = Struct("<Q")


def find_place(path: str, token: bytes, offset: int) -> Note | None:
    """Return what writes to the place at `offset` of the server's memory, if it can be reached."""
    try:
        if not os.readlink(path).startswith(_NAME):
            return None
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if os.pread(file, len(token), 0) != token:
            return None
        start = offset - offset % mmap.ALLOCATIONGRANULARITY
        memory = mmap.mmap(file, mmap.ALLOCATIONGRANULARITY, offset=start)
    except (OSError, ValueError):  # it is shorter than that
        return None
    finally:
        os.close(file)
    return partial(_NUMBER.pack_into, memory, offset - start)
