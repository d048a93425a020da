"""Arenas of clients: the memory that a client of this host shares with the server.

It is found where the kernel says that it is: the socket tells which process its peer is, the peer
by which descriptor it has the memory. Nothing of that is believed. What is opened has to be memory
of the right length that nobody can make shorter, or a client could end this process (SIGBUS) by
cutting off what is just being read; opening it can neither wait nor change anything. Whatever is
not as it should be, or is beyond the allowance, is passed over: all goes over the socket then.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import stat
from typing import TYPE_CHECKING

from shared_state_protocol.errors import ProtocolError
from shared_state_protocol.wire.arena import ARENA_BYTES, SERVER, Arena
from shared_state_protocol.wire.frames import SHARED
from shared_state_protocol.wire.large import Frame, Pieces

if TYPE_CHECKING:
    from .lane import Lane

__all__ = ["MAX_ARENAS", "Allowance", "Sharing"]

MAX_ARENAS = 256
"""Of one server: each takes a descriptor, and up to 8 MiB of this process's memory as long as its
connection is open, if replies have filled its half. So all together take 2 GiB at the most."""

log = logging.getLogger(__name__)


class Allowance:
    """How many arenas a server may still have."""

    def __init__(self, left: int = MAX_ARENAS) -> None:
        self.left = left


class Sharing:
    """The arena of one connection, whose peer is the process `pid` (0: unknown).

    `lane` is whose it is, once that is known.
    """

    __slots__ = ("_allowance", "_arena", "_pid", "lane")

    def __init__(self, pid: int, allowance: Allowance) -> None:
        self._pid = pid
        self._allowance = allowance
        self._arena: Arena | None = None
        self.lane: Lane | None = None

    def put(self, frame: Frame) -> bytes | None:
        """Return what to send instead of `frame`, which is shared now, or None if it cannot be."""
        return None if self._arena is None else self._arena.put(frame)

    def take(self, length: int) -> bytes | Pieces:
        """Return a payload of the client's.

        Raises:
            ProtocolError: it is not there.
        """
        if self._arena is None:
            raise ProtocolError(
                f"a payload of {length - SHARED} bytes in memory that is not shared"
            )
        return self._arena.take(length)

    def offered(self, name: int) -> None:
        """Take the memory that the client has as its descriptor `name`, if it may be taken.

        Raises:
            ProtocolError: it has offered some before.
        """
        if self._arena is not None:
            raise ProtocolError("a second offer of shared memory")
        if not self._pid or not self._allowance.left:
            log.debug("no shared memory for pid %d: %d left", self._pid, self._allowance.left)
            return
        try:
            memory = _map(f"/proc/{self._pid}/fd/{name}")
        except (OSError, ValueError) as error:
            log.debug("no shared memory for pid %d: %s", self._pid, error)
            return
        self._allowance.left -= 1
        self._arena = Arena(memoryview(memory), SERVER)
        if self.lane is not None:
            self.lane.arena = self._arena
        self._arena.open()

    def close(self) -> None:
        """Let go of the memory: the connection is gone."""
        if self._arena is not None:
            self._arena = None
            self._allowance.left += 1


def _map(path: str) -> mmap.mmap:
    """Return the memory that a client has by a descriptor.

    Raises:
        OSError: it is not to be had, or not what it has to be.
    """
    if not hasattr(fcntl, "F_GET_SEALS"):
        raise OSError("this system cannot tell whether it stays")
    # What waits for its other end is not waited for, nor does a terminal become this process's.
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size != ARENA_BYTES:
            raise OSError(f"{path} is no memory of {ARENA_BYTES} bytes")
        fixed = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
        if fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & fixed != fixed:
            raise OSError(f"{path} can become shorter")
        return mmap.mmap(descriptor, ARENA_BYTES)
    finally:
        os.close(descriptor)
