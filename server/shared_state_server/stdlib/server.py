"""The server behind our managers: `shared_state.managers.Server`.

It listens from its construction on, as the standard library's does, and serves when it is told to:
our own clients and the standard library's, on one address. The caller has chosen address and key in
code, so an address that others can reach and a short key are accepted, with a line in the log; the
command line refuses both.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing import util
from typing import Any, NoReturn

from ..listener import BACKLOG, SIGNALS, Listening, bind, run
from ..settings import MIB, Settings
from .local import WILDCARDS
from .loops import is_in_loop
from .office import Office, Registered

__all__ = ["Server"]

MAX_FRAME_BYTES = 1 << 40
"""Of one request: whoever has the key of a manager may send what fits into memory, as ever."""

MAX_PENDING = 8192
"""Peers that have not proved the key yet. A standard client connects anew for each object."""

DRAIN_TIMEOUT_S = 1.0
"""For which a manager waits that its last replies leave; `shutdown` waits as long for it."""

UNROUTED = ("192.0.2.1", 9)
"""An address that is nobody's (RFC 5737): asking the way to it sends nothing."""

ORPHAN_CHECK_S = 0.5
"""How often a server looks whether its parent lives, where nothing tells it."""

log = logging.getLogger(__name__)


class Server(Office):
    """Serves objects to clients of the standard library and to ours.

    Args:
        registry: what `BaseManager.register` has collected.
        address: ``(host, port)``, the path of a Unix socket, or None for one of its own.
        authkey: what clients have to prove.
        serializer: accepted for the standard library's sake; clients may use either.
        allowed: the classes, as ``module:Class``, that pickles may name; None for any.

    Raises:
        OSError: the address is taken, or not one of this host's.
    """

    def __init__(
        self,
        registry: dict[str, Registered],
        address: Any,
        authkey: bytes,
        serializer: str = "pickle",
        *,
        allowed: Iterable[str] | None = None,
    ) -> None:
        if not isinstance(authkey, bytes):
            raise TypeError(f"Authkey {authkey!r} is type {type(authkey)!s}, not bytes")
        super().__init__(registry, authkey, allowed)
        self.max_frame_bytes = MAX_FRAME_BYTES
        self._settings = _settings(address, bytes(authkey))
        self._socket = _bind(self._settings, address)
        self.address: Any = self._socket.getsockname()
        if self._socket.family != socket.AF_UNIX:
            self.address = self.address[:2]
            if not self._settings.address.is_loopback:
                # Whoever has only changed an import has had it so all the time.
                level = logging.INFO if allowed is None else logging.WARNING
                log.log(level, "serving beyond this host without TLS: nothing is encrypted")
        self.advertised = reachable(self.address)
        self.stop_event = StopEvent()
        self.stop = self.stop_event.set

    @property
    def listener(self) -> socket.socket:
        """What listens: programs close it to give the address up without serving."""
        return self._socket

    @property
    def id_to_obj(self) -> dict[str, Any]:
        """What clients refer to: identity to object, exposed names, and what methods return."""
        return {
            entry.ident: (entry.obj, set(entry.exposed), entry.method_to_typeid)
            for entry, _ in self.entries.counts()
        }

    def serve_forever(self) -> NoReturn:
        """Serve until `stop_event` is set, a client asks for `shutdown`, or SIGTERM or SIGINT.

        Raises:
            SystemExit: always, at the end, as the standard library's does.
        """
        self._run(self._follow)
        sys.exit(0)

    def serve_until_orphaned(self) -> NoReturn:
        """Serve as `serve_forever` does, or until the parent process is gone."""
        self._run(self._follow_with_parent)
        sys.exit(0)

    def _run(self, ready: Callable[[Listening], None]) -> None:
        _keep_signals_from_children()
        serve = partial(run, self._settings, sock=self._socket, ready=ready, office=self)
        try:
            if is_in_loop():
                self._run_beside(serve)
            else:
                serve()
        finally:
            _unlink(self._socket, self.address)

    def _run_beside(self, serve: Callable[[], None]) -> None:
        """Serve in another thread: this one has a loop already, as in a notebook."""
        with ThreadPoolExecutor(1) as threads:
            serving = threads.submit(serve)
            try:
                serving.result()
            except KeyboardInterrupt:
                self.stop_event.set()

    def _follow(self, listening: Listening) -> None:
        loop = asyncio.get_running_loop()
        self.stop_event.tell(lambda: loop.call_soon_threadsafe(listening.stop))

    def _follow_with_parent(self, listening: Listening) -> None:
        self._follow(listening)
        parent = multiprocessing.parent_process()
        if parent is None:
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(parent.sentinel, listening.stop)
        if parent.pid == os.getppid():
            _stop_with(loop, os.getppid(), listening.stop)


def reachable(address: Any) -> Any:
    """Return an address that others can use: a server that listens everywhere is at none."""
    if not isinstance(address, tuple) or address[0] not in WILDCARDS:
        return address  # pyright: ignore[reportUnknownVariableType]  # of whatever
    return (_own_host(), address[1])  # pyright: ignore[reportUnknownVariableType]  # of whatever


def _own_host() -> str:
    """Return this host's address on the way to others, or loopback if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(UNROUTED)
            return str(sock.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _keep_signals_from_children() -> None:
    """Have processes that users' code forks here deal with signals as if there were no server.

    The event loop's handlers tell it through a pipe, which a child would have too: a signal that
    ends the child would end the server.
    """
    server = os.getpid()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        if os.getppid() == server and threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)

    os.register_at_fork(after_in_child=restore)


class StopEvent(threading.Event):
    """An event that tells the event loop once it is set: programs set it to end their server."""

    def __init__(self) -> None:
        super().__init__()
        self._listener: Callable[[], object] | None = None

    def tell(self, listener: Callable[[], object]) -> None:
        """Call `listener` when the event is set, or now if it is."""
        self._listener = listener
        if self.is_set():
            listener()

    def set(self) -> None:
        super().set()
        if self._listener is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                self._listener()


def _stop_with(loop: asyncio.AbstractEventLoop, parent: int, stop: Callable[[], None]) -> None:
    """Stop once the parent is another one.

    After a plain fork the sentinel is no proof: siblings that were forked later hold its other end.
    """
    if os.getppid() != parent:
        stop()
    else:
        loop.call_later(ORPHAN_CHECK_S, _stop_with, loop, parent, stop)


def _settings(address: Any, authkey: bytes) -> Settings:
    is_tcp = isinstance(address, tuple)
    host, port = address[:2] if is_tcp else ("127.0.0.1", 0)  # pyright: ignore[reportUnknownVariableType]  # of whatever
    return Settings(
        host=host,  # pyright: ignore[reportUnknownArgumentType]  # of whatever
        port=port,  # pyright: ignore[reportUnknownArgumentType]  # of whatever
        authkey=authkey,
        insecure=True,
        allow_weak_key=True,
        unix_socket=is_tcp,
        max_pending_handshakes=MAX_PENDING,
        max_pending_per_address=MAX_PENDING,
        drain_timeout=DRAIN_TIMEOUT_S,
        output_limit_bytes=128 * MIB,
    )


def _bind(settings: Settings, address: Any) -> socket.socket:
    if isinstance(address, tuple):
        return bind(settings)
    if not isinstance(address, (str, bytes, type(None))):
        raise ValueError(f"address type of {address!r} unrecognized")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(address or _fresh_path())
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _fresh_path() -> str:
    """Return a path for a Unix socket, in the folder of this process."""
    return os.path.join(util.get_temp_dir(), f"listener-{secrets.token_hex(4)}")


def _unlink(sock: socket.socket, address: Any) -> None:
    """Remove the file of a Unix socket; an abstract one has none."""
    if isinstance(address, str):
        with contextlib.suppress(OSError):
            os.unlink(address)
    sock.close()
