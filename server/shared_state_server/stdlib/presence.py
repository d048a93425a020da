"""Presence: how long a client counts as there after its last connection has ended.

A client of the standard library has a connection for each of its threads, and closes it with the
last proxy of that thread, whatever it holds: the end of a connection says nothing about the
process. On a Unix socket the kernel tells which process it was and when that one is gone, and only
then is free what it held. Over TCP nobody tells: a client of the standard library keeps what it
holds, as with the standard library's server; the session of one of ours ends, since ours keep their
connections as long as their threads live.
"""

from __future__ import annotations

import os
from functools import partial

from ..processes import Vigil
from ..service import Service
from ..session import Session

__all__ = ["Presence"]


class Presence:
    """Which sessions are there without a connection."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._prefix = os.urandom(8)
        self._vigils: dict[Session, Vigil] = {}

    def identity_of(self, pid: int) -> bytes:
        """Return the identity of a session that does not name one: that of its process."""
        return self._prefix + pid.to_bytes(8, "big") if pid else os.urandom(16)

    def leave(self, session: Session, *, is_ours: bool) -> None:
        """Take note that the last connection of a session has ended."""
        if not session.stakes:
            self._end(session)
        elif session.hello.pid:
            self._wait_for_its_process(session)
        elif is_ours:
            self._end(session)
        else:
            self._service.sessions.pop(session.id, None)

    def _wait_for_its_process(self, session: Session) -> None:
        if session in self._vigils:
            return
        try:
            self._vigils[session] = Vigil(session.hello.pid, partial(self._end, session))
        except OSError:
            self._end(session)

    def _end(self, session: Session) -> None:
        vigil = self._vigils.pop(session, None)
        if vigil is not None:
            vigil.stop()
        if not session.is_over:
            session.is_over = True
            self._service.sessions.pop(session.id, None)
            session.end(self._service.clock())
