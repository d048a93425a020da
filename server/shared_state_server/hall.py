"""The hall: what all connections of a server share.

It knows who is there, so that they can be told to go; how many more may enter (`admission`); and
which connection each lane has now, so that there is one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shared_state_protocol.wire.handshake import VERSION, Hello, Welcome

from .admission import Admission
from .service import Service
from .session import Lane
from .settings import Settings

if TYPE_CHECKING:
    from .connection import Connection
    from .stdlib.connection import StdlibConnection
    from .stdlib.office import Office

__all__ = ["Hall"]


class Hall:
    """All connections of a server; `instance` is its identity, `unix_path` its other door.

    `office` is where clients of the standard library are served, if they are let in at all.
    """

    def __init__(
        self,
        settings: Settings,
        service: Service,
        instance: bytes,
        office: Office | None = None,
    ) -> None:
        self.settings = settings
        self.service = service
        self.instance = instance
        self.office = office
        self.unix_path = ""
        self.is_closed = False
        self.connections: set[Connection | StdlibConnection] = set()
        self._by_lane: dict[Lane, Connection] = {}
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
        for connection in list(self.connections):
            connection.abort()

    def attach(self, connection: Connection, hello: Hello) -> tuple[Lane, Welcome]:
        """Let a client in that has proved itself; return its lane and what to tell it.

        If the lane has a connection, the client has given that one up. It is closed, so that
        requests which are left in it are not carried out beside the same ones sent again.
        """
        lane, known = self.service.attach(hello, connection.send)
        given_up = self._by_lane.get(lane)
        if given_up is not None:
            given_up.abort()
        self._by_lane[lane] = connection
        limit = self.settings.max_frame_bytes
        return lane, Welcome(VERSION, self.instance, known, self.unix_path, limit)

    def detach(self, connection: Connection, lane: Lane, *, orderly: bool) -> None:
        """Take a connection that is gone from its lane."""
        if self._by_lane.get(lane) is connection:
            del self._by_lane[lane]
        self.service.detach(lane, connection.send, orderly=orderly)
