"""What a socket is told, and what it tells, beyond bytes."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import Any, NamedTuple

from shared_state_protocol.wire.liveness import probes

__all__ = ["keep_alive", "may_enter", "process_of"]

_UCRED = struct.Struct("3i")
"""Linux's `struct ucred`."""

ROOT = 0


class _Credentials(NamedTuple):
    """The ids of a process, its user and its group."""

    pid: int
    uid: int
    gid: int


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
    credentials = _credentials(sock)
    return 0 if credentials is None else credentials.pid


def may_enter(sock: Any) -> bool:
    """Return whether the peer of a Unix socket is this user or root; True where unknown.

    The socket's mode lets in nobody else anyway; this holds when somebody opens it wider.
    """
    credentials = _credentials(sock)
    return credentials is None or credentials.uid in (os.getuid(), ROOT)


def _credentials(sock: Any) -> _Credentials | None:
    """Return who connected, as the kernel knows it of a Unix socket; None where unknown."""
    if sock.family != socket.AF_UNIX or not hasattr(socket, "SO_PEERCRED"):
        return None
    found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return _Credentials(*_UCRED.unpack(found))
