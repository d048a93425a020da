"""Connecting to a manager's server, ours or the standard library's, on its wire.

Three things differ from `multiprocessing.connection.Client`:

* connecting and the handshake end within `CONNECT_TIMEOUT_S`, whatever the other side does;
* a connection knows whether it is in the middle of a call, whether its server is gone and whether
  it is another process's, so that a call never reads the reply to another one;
* proxies travel under names that every server knows, and are ours again when they arrive: see
  `pickles`.
"""

from __future__ import annotations

import os
import pickle
import socket
import struct
import time
from multiprocessing import AuthenticationError, connection
from typing import Any

from shared_state_protocol.wire import stdlib as wire

from ..busy_poll import BUSY_POLL_S, BusyPoll, Readable
from ..deadlines import set_deadlines
from .pickles import MENTION, dumps, is_plain, loads

__all__ = ["CONNECT_TIMEOUT_S", "Client", "ManagerConnection", "XmlClient", "listener_client"]

CONNECT_TIMEOUT_S = 10.0
"""For a server to take the connection and to prove its key. A SYN is sent again after 1, 3 and 7 s,
so that one or two lost ones are survived."""

NONCE_BYTES = 40

READ_BYTES = 65536
"""Read at once: nearly every reply is shorter, and so is one system call."""

QUIET_S = 0.001
"""For which a connection is not looked at again: a server that went away since then has done so in
the middle of two calls as well as between them, and looking costs each call a system call."""

_SHORT = struct.Struct("!i")
_LONG = struct.Struct("!Q")


class _Process:
    """How many forks lie between this process and the one that has imported the module."""

    forks = 0

    def forked(self) -> None:
        self.forks += 1


_process = _Process()
os.register_at_fork(after_in_child=_process.forked)


class ManagerConnection(connection.Connection):
    """A connection to a manager's server.

    `is_in_call` says that a request has begun to leave whose reply is not there yet.
    """

    _handle: int

    def __init__(self, sock: socket.socket, authkey: bytes | None = None) -> None:
        self._incoming = Readable(sock)
        super().__init__(sock.detach())
        self.authkey = authkey
        self.is_in_call = False
        self._forks = _process.forks
        self._heard_at = time.monotonic()
        self._busy_poll = BusyPoll(BUSY_POLL_S)

    def is_unusable(self) -> bool:
        """Return whether the next call cannot go through here.

        Nobody may have sent anything between two calls: what there is to read is the end, or the
        reply to a call that was interrupted.
        """
        return (
            self.is_in_call
            or self._forks != _process.forks
            or (time.monotonic() - self._heard_at > QUIET_S and bool(self._incoming.poll(0)))
        )

    def send(self, obj: Any) -> None:
        """Send an object.

        Raises:
            OSError: the connection is broken; the server has not got the whole of it.
        """
        data = wire.frame(pickle.dumps(obj) if is_plain(obj) else dumps(obj))
        self.is_in_call = True
        sent = os.write(self._handle, data)
        if sent < len(data):
            self._write(memoryview(data)[sent:])

    def recv(self) -> Any:
        """Return the next object.

        Raises:
            EOFError: the server is gone.
        """
        data = self._read()
        self.is_in_call = False
        self._heard_at = time.monotonic()
        return loads(data, self.authkey) if MENTION in data else pickle.loads(data)  # noqa: S301  # from a server that has proved that it has the key

    def _write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]

    def _read(self) -> bytes:
        self._busy_poll.wait(self._incoming)
        data = os.read(self._handle, READ_BYTES)
        if len(data) >= _SHORT.size and _SHORT.unpack_from(data)[0] == len(data) - _SHORT.size:
            return data[_SHORT.size :]
        return self._read_on(bytearray(data))

    def _read_on(self, data: bytearray) -> bytes:
        self._fill(data, _SHORT.size)
        start = _SHORT.size
        (size,) = _SHORT.unpack_from(data)
        if size == -1:
            start += _LONG.size
            self._fill(data, start)
            (size,) = _LONG.unpack_from(data, _SHORT.size)
        self._fill(data, start + size)
        return bytes(memoryview(data)[start : start + size])

    def _fill(self, data: bytearray, wanted: int) -> None:
        while len(data) < wanted:
            more = os.read(self._handle, max(READ_BYTES, min(wanted - len(data), 1 << 20)))
            if not more:
                raise EOFError
            data += more


class _XmlConnection(ManagerConnection):
    """The same in XML, for the ``xmlrpclib`` serializer."""

    def send(self, obj: Any) -> None:
        from xmlrpc import client

        self.is_in_call = True
        self._write(wire.frame(client.dumps((obj,), None, None, None, True).encode()))

    def recv(self) -> Any:
        from xmlrpc import client

        (obj,), _ = client.loads(self._read().decode())
        self.is_in_call = False
        return obj


def Client(  # its name in `multiprocessing.connection`
    address: Any, family: str | None = None, authkey: bytes | None = None
) -> ManagerConnection:
    """Connect to a server, and prove the key to each other.

    Raises:
        TimeoutError: the server did not answer within `CONNECT_TIMEOUT_S`.
        ConnectionRefusedError, FileNotFoundError: nobody listens there.
        multiprocessing.AuthenticationError: the server has another key.
    """
    return _connect(ManagerConnection, address, authkey)


def XmlClient(  # as above
    address: Any, family: str | None = None, authkey: bytes | None = None
) -> ManagerConnection:
    """Connect as `Client` does, for the ``xmlrpclib`` serializer."""
    return _connect(_XmlConnection, address, authkey)


listener_client: dict[str, tuple[Any, Any]] = {
    "pickle": (connection.Listener, Client),
    "xmlrpclib": (connection.XmlListener, XmlClient),  # type: ignore[attr-defined]  # not in stubs
}
"""What each serializer connects with: a manager and its proxies look it up by name."""


def _connect(
    connection_class: type[ManagerConnection], address: Any, authkey: bytes | None
) -> ManagerConnection:
    if authkey is not None and not isinstance(authkey, bytes):
        raise TypeError("authkey should be a byte string")
    path = _near_path(connection_class, address, authkey)
    if path:
        try:
            return _connect_to(connection_class, path, authkey)
        except OSError:
            _near_paths.pop((address, authkey), None)  # that server is no more
    return _connect_to(connection_class, address, authkey)


_near_paths: dict[tuple[Any, bytes | None], str] = {}
"""By address and key: the Unix socket of a server on this host, or nothing if it has none."""


def _near_path(
    connection_class: type[ManagerConnection], address: Any, authkey: bytes | None
) -> str:
    """Return the path of a Unix socket at which the server of `address` is, too.

    It is twice as fast as TCP on the same host. A server of the standard library knows nothing of
    it, and the path of one that is on another host is not there.
    """
    if not _is_tcp(address):
        return ""
    known = _near_paths.get((address, authkey))
    if known is None:
        with _connect_to(connection_class, address, authkey) as made:
            made.send((None, "near", (), {}))
            kind, said = made.recv()
        known = said if kind == "#RETURN" and isinstance(said, str) and _is_here(said) else ""
        _near_paths[address, authkey] = known
    return known


def _is_tcp(address: Any) -> bool:
    return isinstance(address, tuple)


def _is_here(path: str) -> bool:
    return bool(path) and os.path.exists(path)


def _connect_to(
    connection_class: type[ManagerConnection], address: Any, authkey: bytes | None
) -> ManagerConnection:
    deadline = time.monotonic() + CONNECT_TIMEOUT_S
    sock = _open_socket(address)
    made = connection_class(sock, authkey)
    try:
        if authkey is not None:
            _handshake(made, authkey, deadline)
        with socket.socket(fileno=os.dup(made.fileno())) as same:
            set_deadlines(same, 0.0)  # none: a call takes as long as it takes
    except BaseException:
        made.close()
        raise
    return made


def _open_socket(address: Any) -> socket.socket:
    family = getattr(socket, connection.address_type(address))  # type: ignore[attr-defined]  # not in stubs
    if family == socket.AF_INET and ":" in address[0]:
        family = socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        set_deadlines(sock, CONNECT_TIMEOUT_S)
        if family == socket.AF_UNIX:
            sock.connect(address)  # one that does not block would not wait for a full backlog
        else:
            sock.settimeout(CONNECT_TIMEOUT_S)
            sock.connect(address)
            sock.settimeout(None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    except (TimeoutError, BlockingIOError):
        sock.close()
        raise TimeoutError(
            f"{address!r} did not take a connection within {CONNECT_TIMEOUT_S:g} s"
        ) from None
    except BaseException:
        sock.close()
        raise
    return sock


def _handshake(made: ManagerConnection, authkey: bytes, deadline: float) -> None:
    try:
        _answer(made, authkey, deadline)
        _challenge(made, authkey, deadline)
    except BlockingIOError:
        raise _late() from None


def _answer(made: ManagerConnection, authkey: bytes, deadline: float) -> None:
    challenged = _hear(made, deadline)
    if not challenged.startswith(wire.CHALLENGE):
        raise AuthenticationError(f"Protocol error, expected challenge: {challenged!r}")
    made.send_bytes(wire.response(authkey, challenged[len(wire.CHALLENGE) :]))
    if _hear(made, deadline) != wire.WELCOME:
        raise AuthenticationError("digest sent was rejected")


def _challenge(made: ManagerConnection, authkey: bytes, deadline: float) -> None:
    message = wire.challenge(os.urandom(NONCE_BYTES))
    made.send_bytes(wire.CHALLENGE + message)
    try:
        wire.check_response(authkey, message, _hear(made, deadline))
    except AuthenticationError:
        made.send_bytes(wire.FAILURE)
        raise
    made.send_bytes(wire.WELCOME)


def _hear(made: ManagerConnection, deadline: float) -> bytes:
    if time.monotonic() > deadline:
        raise _late()
    return made.recv_bytes(wire.MAX_HANDSHAKE_BYTES)


def _late() -> TimeoutError:
    return TimeoutError(f"the server did not prove its key within {CONNECT_TIMEOUT_S:g} s")
