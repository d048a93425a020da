"""Sharing: how a client offers the memory that it shares with the server on one host.

The first time that something large, or an item of a queue, is sent or received over a Unix socket,
its client makes an *arena* (see `wire.arena`) and offers it to the server by the number of its
descriptor. The server finds it among the descriptors of this process, or does not: then all goes
over the socket as before. There is no file anywhere; the memory is gone when both sides are,
however they end.
"""

from __future__ import annotations

import logging
import mmap
import os
import weakref
from collections.abc import Callable

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None  # type: ignore[assignment]  # told by what it lacks

from shared_state_protocol.errors import ProtocolError
from shared_state_protocol.wire import frames
from shared_state_protocol.wire.arena import ARENA_BYTES, CLIENT, ROOM_BYTES, Arena
from shared_state_protocol.wire.frames import FrameReader
from shared_state_protocol.wire.large import LARGE_BYTES, Frame, Pieces, parts_of

__all__ = ["Sharing"]

log = logging.getLogger(__name__)


class Sharing:
    """The arena of one connection, which reads with `reader`.

    Whether it `is_near`, over a Unix socket, is whether there may be one.
    """

    def __init__(self, reader: FrameReader, *, is_near: bool) -> None:
        self._arena: Arena | None = None
        self._may_offer = is_near
        self._let_go: Callable[[], object] = lambda: None
        reader.sharing = self

    def parts(self, frame: Frame) -> tuple[bytes | memoryview, ...]:
        """Return what to write so that the server gets a large `frame`."""
        if self._arena is not None:
            notice = self._arena.put(frame)
            if notice is not None:
                return (notice,)
        return self.passed_by(len(frame)) + parts_of(frame)

    def passed_by(self, size: int) -> tuple[bytes, ...]:
        """Take note that so many bytes go over the socket; return what to write before the next."""
        return self.offer() if LARGE_BYTES < size <= ROOM_BYTES else ()

    def note(self, number: int) -> bool:
        """Write down for the server that a delivery has arrived; return whether it can see that."""
        return self._arena is not None and self._arena.note(number)

    def offer(self) -> tuple[bytes, ...]:
        """Return what offers memory to the server: nothing but for the first time."""
        if not self._may_offer:
            return ()
        self._may_offer = False
        try:
            memory, descriptor = _make()
        except OSError as error:
            log.debug("no shared memory: %s", error)
            return ()
        self._arena = Arena(memoryview(memory), CLIENT, splits=True)
        self._let_go = weakref.finalize(self, os.close, descriptor)
        return (frames.offer(descriptor),)

    def take(self, length: int) -> bytes | Pieces:
        """Return a payload of the server's.

        Raises:
            ProtocolError: it is not there.
        """
        if self._arena is None:
            raise ProtocolError("a payload in shared memory that was never offered")
        return self._arena.take(length)

    def offered(self, name: int) -> None:
        """Refuse: it is the client that offers."""
        raise ProtocolError(f"the server offers shared memory: {name}")

    def close(self) -> None:
        """Let go of the memory: the connection is not used any more. May be called again."""
        self._may_offer = False
        self._arena = None
        self._let_go()


def _make() -> tuple[mmap.mmap, int]:
    """Return new memory, and the descriptor of it that has to stay open for the server to find.

    Its length is sealed: whoever maps it knows that it stays.

    Raises:
        OSError: this system has no such memory, or has not so much.
    """
    if fcntl is None or not hasattr(os, "memfd_create") or not hasattr(fcntl, "F_ADD_SEALS"):
        raise OSError("this system has no memory without a name")
    descriptor = os.memfd_create("shared-state", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, ARENA_BYTES)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        return mmap.mmap(descriptor, ARENA_BYTES), descriptor
    except BaseException:
        os.close(descriptor)
        raise
