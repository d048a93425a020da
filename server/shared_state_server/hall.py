"""The hall: what all connections of a server share.

It knows who is there, so that they can be told to go; how many more may enter (`admission`); and
which connection each lane has now, so that there is one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared_state_protocol.wire.handshake import VERSION, Hello, Welcome

from .admission import Admission
from .lane import Lane
from .processes import Vigils
from .service import Service
from .session import Session
from .settings import Settings
from .sharing import Allowance

if TYPE_CHECKING:
    from .connection import Connection
    from .stdlib.connection import StdlibConnection
    from .stdlib.office import Office

__all__ = ["DEPARTURES_PER_TURN", "Hall"]

DEPARTURES_PER_TURN = 32
"""Connections of which the sessions may end in one turn of the loop: some 1 ms of work."""


class Hall:
    """All connections of a server; `instance` is its identity, `unix_path` its other door.

    `office` is where clients of the standard library are served, if they are let in at all; `heard`
    is called when requests have come.
    """

    def __init__(
        self,
        settings: Settings,
        service: Service,
        instance: bytes,
        office: Office | None = None,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.service = service
        self.instance = instance
        self.office = office
        self.heard = heard
        self.arenas = Allowance()
        self.unix_path = ""
        self.is_closed = False
        self.connections: set[Connection | StdlibConnection] = set()
        self._by_lane: dict[Lane, Connection] = {}
        self._vigils: Vigils[Session] = Vigils(service.end_if_lost)
        self._departing: deque[tuple[Connection, Lane, bool, int]] = deque()
        self._left_this_turn = 0
        self.is_empty = asyncio.Event()
        self.is_empty.set()
        self.admission = Admission(
            settings.max_clients,
            settings.max_pending_handshakes,
            settings.max_pending_per_address,
        )

    def enter(self, connection: Connection | StdlibConnection) -> None:
        """Count a connection that is open."""
        self.connections.add(connection)
        self.is_empty.clear()

    def leave(self, connection: Connection | StdlibConnection) -> None:
        """Count a connection no more."""
        self.connections.discard(connection)
        if not self.connections:
            self.is_empty.set()

    def close(self) -> None:
        """Let nobody in from now on, and everybody go once they have heard what was said."""
        self.is_closed = True
        for connection in list(self.connections):
            connection.close()

    def abort(self) -> None:
        """Have everybody go at once."""
        self._vigils.end_all()
        for connection in list(self.connections):
            connection.abort()

    def attach(self, connection: Connection, hello: Hello) -> tuple[Lane, Welcome]:
        """Let a client in that has proved itself; return its lane and what to tell it.

        If the lane has a connection, the client has given that one up. It is closed, so that
        requests which are left in it are not carried out beside the same ones sent again.
        """
        lane, known = self.service.attach(hello, connection.send)
        self._vigils.end(lane.session)
        given_up = self._by_lane.get(lane)
        if given_up is not None:
            given_up.abort()
        self._by_lane[lane] = connection
        limit = self.settings.max_frame_bytes
        return lane, Welcome(VERSION, self.instance, known, self.unix_path, limit)

    def depart(
        self, connection: Connection, lane: Lane, *, orderly: bool, process: int = 0
    ) -> None:
        """Take a connection that is gone from its lane; `process` had it, if it is on this host.

        If a whole rack goes at once, this is done by and by: the others have their turns.
        """
        self._departing.append((connection, lane, orderly, process))
        if not self._left_this_turn:
            asyncio.get_running_loop().call_soon(self._see_off_more)
        if self._left_this_turn < DEPARTURES_PER_TURN:
            self._see_off()

    def _see_off(self) -> None:
        self._left_this_turn += 1
        self._detach(*self._departing.popleft())

    def _see_off_more(self) -> None:
        self._left_this_turn = 0
        if self._departing:
            asyncio.get_running_loop().call_soon(self._see_off_more)
        while self._departing and self._left_this_turn < DEPARTURES_PER_TURN:
            self._see_off()

    def _detach(self, connection: Connection, lane: Lane, orderly: bool, process: int) -> None:
        if self._by_lane.get(lane) is connection:
            del self._by_lane[lane]
        self.service.detach(lane, connection.send, orderly=orderly)
        if process and lane.session.is_lost:
            self._watch(lane.session, process)

    def _watch(self, session: Session, process: int) -> None:
        """End a lost session when its process is gone, if that is seen before its grace is over."""
        with contextlib.suppress(OSError):  # then its grace has to pass
            self._vigils.begin(session, process)
            grace = self.settings.session_grace
            asyncio.get_running_loop().call_later(grace, self._unwatch, session, session.losses)

    def _unwatch(self, session: Session, losses: int) -> None:
        """End what `_watch` has begun, unless the session came back and was lost once more."""
        if session.losses == losses:
            self._vigils.end(session)
