"""What a socket is told, and what it tells, beyond bytes."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import Any

from shared_state_protocol.wire.liveness import probes

__all__ = ["keep_alive", "may_enter", "process_of"]

_CREDENTIALS = struct.Struct("3i")
"""Linux's `struct ucred`: process, user and group id."""

ROOT = 0


def keep_alive(sock: Any, peer_timeout: float) -> None:
    """Have the kernel notice a dead peer within `peer_timeout` seconds, idle or in mid-send."""
    plan = probes(peer_timeout)
    with contextlib.suppress(OSError):  # some systems say so if the peer is gone already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in plan.tcp_options().items():
            option = getattr(socket, name, None)  # each system has a part of them
            if option is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)


def process_of(sock: Any) -> int:
    """Return the id of the process that connected to a Unix socket; 0 where unknown."""
    if not hasattr(socket, "SO_PEERCRED"):
        return 0
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, _, _ = _CREDENTIALS.unpack(credentials)
    return int(pid)


def may_enter(sock: Any) -> bool:
    """Return whether the peer of a Unix socket is this user or root; True where unknown.

    The socket's mode lets in nobody else anyway; this holds when somebody opens it wider.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    return uid in (os.getuid(), ROOT)
