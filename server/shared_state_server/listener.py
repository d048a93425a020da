"""The listener: opens the doors, serves until told to stop, and closes them in order.

The first SIGTERM or SIGINT drains: no new connections, whoever waits is told that the server is
going down, what was said leaves, and after `Settings.drain_timeout` seconds at the latest the
server is gone. A second signal ends it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass
from importlib.metadata import version

from shared_state_protocol.address import Address

from .busy_poll import BusyPoll
from .clock import monotonic, thread_usage, token_floor
from .connection import Connection
from .hall import Hall
from .rendezvous import Rendezvous
from .service import Service
from .settings import Settings
from .stdlib.office import Office

__all__ = ["Listening", "bind", "run", "serve"]

BACKLOG = 1024
"""Connections that the kernel keeps until they are accepted: all clients of a restarted server."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Listening:
    """Where a server can be reached; `stop` ends it as the first signal does."""

    address: Address
    unix_path: str
    stop: Callable[[], None]


def bind(settings: Settings) -> socket.socket:
    """Return a socket that listens at the address of `settings`.

    Raises:
        OSError: the address is taken, or not one of this host's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)


def run(
    settings: Settings,
    *,
    sock: socket.socket | None = None,
    ready: Callable[[Listening], None] | None = None,
    office: Office | None = None,
) -> None:
    """Serve in this thread until stopped, on uvloop where it is installed.

    Clients of the standard library are let in to `office`, if there is one.

    Raises:
        OSError: the address is taken, or not one of this host's.
    """
    loop = _new_event_loop()
    try:
        loop.run_until_complete(serve(settings, sock=sock, ready=ready, office=office))
    finally:
        loop.close()


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def serve(
    settings: Settings,
    *,
    sock: socket.socket | None = None,
    ready: Callable[[Listening], None] | None = None,
    office: Office | None = None,
) -> None:
    """Serve until stopped, and drain; at `sock` if it is given, which listens already.

    Raises:
        OSError: the address is taken, or not one of this host's.
    """
    server = Server(settings, office)
    try:
        listening = await server.open(sock or bind(settings))
        with server.signals():
            # What is here now stays for ever: the collector need not look at it again.
            gc.freeze()
            if ready is not None:
                ready(listening)
            await server.stopped.wait()
            await server.drain()
    finally:
        server.close()


class Server:
    """One service, its doors, and its timers. `clock` is that of the loop, to the microsecond."""

    def __init__(
        self,
        settings: Settings,
        office: Office | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        loop = self._loop = asyncio.get_running_loop()
        self.stopped = asyncio.Event()
        self._forced = asyncio.Event()
        self._settings = settings
        self._clock = clock
        self._doors: list[asyncio.Server] = []
        self._timer: asyncio.TimerHandle | None = None
        self.service = Service(
            version=version("shared-state"),
            clock=clock,
            session_grace=settings.session_grace,
            later=loop.call_later,
            alarm=self._set_alarm,
            allow_pickle=settings.allow_pickle,
            last_token=token_floor(),
        )
        for name, type_name in settings.share:
            self.service.objects.share(name, type_name)
        if office is not None:
            office.open(self.service)
        busy_poll = BusyPoll(loop, settings.busy_poll, clock, thread_usage)
        self._hall = Hall(settings, self.service, os.urandom(16), office, busy_poll.heard)
        self._rendezvous = Rendezvous(self._hall.instance)

    async def open(self, sock: socket.socket) -> Listening:
        """Take connections at `sock` and at the Unix socket."""
        is_unix = sock.family == socket.AF_UNIX
        open_door = self._loop.create_unix_server if is_unix else self._loop.create_server
        self._doors.append(await open_door(self._connection, sock=sock, backlog=BACKLOG))
        near = self._rendezvous.open() if self._settings.unix_socket else None
        if near is not None:
            unix = await self._loop.create_unix_server(self._connection, sock=near, backlog=BACKLOG)
            self._doors.append(unix)
            self._hall.unix_path = self._rendezvous.path
        return Listening(_address_of(sock), self._hall.unix_path, self.stop)

    def _connection(self) -> Connection:
        return Connection(self._hall)

    @contextlib.contextmanager
    def signals(self) -> Generator[None]:
        """Stop on the first signal, end at once on the second; only the main thread hears any.

        A signal that is ignored stays so: Ctrl-C is for the parent of a manager's process.
        """
        heard: list[signal.Signals] = []
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue
            with contextlib.suppress(ValueError, RuntimeError):
                self._loop.add_signal_handler(number, self.stop)
                heard.append(number)
        try:
            yield
        finally:
            for number in heard:
                self._loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Drain; when already draining, end at once."""
        if self.stopped.is_set():
            self._forced.set()
        self.stopped.set()

    async def drain(self) -> None:
        """Take no more connections, tell whoever waits, and let what was said leave."""
        log.info("going down: %d connections to drain", len(self._hall.connections))
        await self._shut_doors()
        self.service.close()
        self._hall.close()
        ends = [
            asyncio.ensure_future(self._hall.is_empty.wait()),
            asyncio.ensure_future(self._forced.wait()),
        ]
        timeout = self._settings.drain_timeout
        _, unfinished = await asyncio.wait(
            ends, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        for end in unfinished:
            end.cancel()

    async def _shut_doors(self) -> None:
        """Close the doors once all whom the loop has accepted have a transport.

        They get theirs in this turn. asyncio, which accepts nobody meanwhile, loses the socket of
        one that has none yet when its door closes (python/cpython#109564); uvloop does not.
        """
        for door in self._doors:
            for sock in door.sockets:
                self._loop.remove_reader(sock)
        await asyncio.sleep(0)
        for door in self._doors:
            door.close()

    def close(self) -> None:
        """Close whatever is open, at once."""
        for door in self._doors:
            door.close()
        self._hall.abort()
        if self._timer is not None:
            self._timer.cancel()
        self._rendezvous.close()

    def _set_alarm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(max(0.0, deadline - self._clock()), self._ring)

    def _ring(self) -> None:
        try:
            self.service.expire()
        finally:  # a defect in one object does not take all others their time
            soonest = self.service.deadlines.next()
            if soonest is not None:
                self._set_alarm(soonest)


def _address_of(sock: socket.socket) -> Address:
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return Address("unix", path=os.fsdecode(name))
    return Address("tcp", name[0], name[1])
