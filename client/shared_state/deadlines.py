"""Deadlines of a blocking socket that the kernel keeps, and Python knows nothing of.

`socket.settimeout` makes every call poll first, 8 to 12 µs a round trip on a Unix socket; the
kernel's own ``SO_RCVTIMEO`` and ``SO_SNDTIMEO`` cost nothing and end a call with `BlockingIOError`.

A file of its own, as the connections of managers need it, and nothing else of our own client.
"""

from __future__ import annotations

import socket
import struct

__all__ = ["set_deadlines"]

_TIMEVAL = struct.Struct("@ll")


def set_deadlines(sock: socket.socket, seconds: float) -> None:
    """Have a receive or send that makes no progress for so many seconds end; 0 is never."""
    whole, fraction = divmod(seconds, 1)
    value = _TIMEVAL.pack(int(whole), int(fraction * 1_000_000))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)
