"""Sockets: how a blocking client reaches a server, with deadlines that the kernel keeps."""

from __future__ import annotations

import contextlib
import socket
import struct
import time

from shared_state_protocol.address import Address
from shared_state_protocol.wire import handshake
from shared_state_protocol.wire.connection import ClientOpening
from shared_state_protocol.wire.handshake import Welcome
from shared_state_protocol.wire.liveness import probes

from .deadlines import set_deadlines
from .dialling import PREVENTED, Dialling, Steps
from .session import Session, unreachable

__all__ = ["Opened", "break_off", "dial", "end_in_order", "redial", "tune"]

_RESET_AT_CLOSE = struct.pack("@ii", 1, 0)  # SO_LINGER, with no time
_IN_ORDER = struct.pack("@ii", 0, 0)  # no SO_LINGER, as by default

Opened = tuple[socket.socket, Welcome]


def dial(session: Session, lane: int, thread: str) -> Opened:
    """Open a connection of `session`, by the rules of `dialling`.

    Raises:
        OSError: nobody is there (ConnectionRefusedError), nobody answers (TimeoutError), or
            whoever is there hangs up again and again (ConnectionResetError).
        AuthenticationError: the keys differ.
        ProtocolError: whoever is there is no server of ours.
    """
    dialling = Dialling[socket.socket](session, lane, time.monotonic)
    return _follow(dialling.dial(), session, lane, thread)


def redial(session: Session, lane: int, thread: str) -> Opened:
    """Do what `dial` does, but wait for a server, or for a network, that is not there yet."""
    dialling = Dialling[socket.socket](session, lane, time.monotonic)
    return _follow(dialling.redial(), session, lane, thread)


def _follow(steps: Steps[socket.socket], session: Session, lane: int, thread: str) -> Opened:
    try:
        step = next(steps)
        while True:
            opened = None
            try:
                if isinstance(step, Address):
                    opened = _open(session, step, lane, thread)
                else:
                    time.sleep(step)
            except PREVENTED as error:
                step = steps.throw(error)
            else:
                step = steps.send(opened)
    except StopIteration as end:
        found: Opened = end.value
        return found
    finally:
        steps.close()


def _open(session: Session, address: Address, lane: int, thread: str) -> Opened:
    sock = _connect(address, session)
    try:
        give_up = time.monotonic() + session.patience
        welcome = _shake_hands(sock, session.opening(lane, thread), give_up)
        set_deadlines(sock, session.timeout)
    except BaseException as error:
        break_off(sock)  # the server may have welcomed us already
        sock.close()
        if isinstance(error, BlockingIOError):
            late = f"{address} did not answer within {session.patience:g} s"
            raise TimeoutError(late) from None
        raise
    return sock, welcome


def _shake_hands(sock: socket.socket, opening: ClientOpening, give_up: float) -> Welcome:
    while opening.welcome is None:
        data = sock.recv(handshake.GREETING_BYTES)
        if not data:
            raise ConnectionResetError("the server closed the connection before the handshake")
        if time.monotonic() > give_up:
            raise BlockingIOError  # it says something now and then, but never all of it
        answer = opening.receive(data)
        if answer:
            sock.sendall(answer)
    return opening.welcome


def _connect(address: Address, session: Session) -> socket.socket:
    """Connect within the session's patience.

    Raises:
        OSError: what the system says; `ConnectionRefusedError`, `TimeoutError` and the like.
        NotImplementedError: the address asks for TLS, which does not exist yet.
    """
    if address.scheme == "tls":
        raise NotImplementedError("TLS is not there yet: connect through a tunnel, or to tcp://")
    try:
        sock = _connected(address, session)
    except OSError as error:
        raise unreachable(error, address) from None
    sock.settimeout(None)
    set_deadlines(sock, session.patience)
    return sock


def _connected(address: Address, session: Session) -> socket.socket:
    if address.scheme == "unix":
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(session.patience)
        try:
            sock.connect(address.path)
        except OSError:
            sock.close()
            raise
        return sock
    sock = socket.create_connection((address.host, address.port), session.patience)
    tune(sock, session.peer_timeout)
    if session.has_begun:
        break_off(sock)
    return sock


def break_off(sock: socket.socket) -> None:
    """Have the coming close of `sock` be a reset.

    For whoever means to come back: by an end in order the server would know that this process is
    gone. So is every socket of a session that has begun, until it is in use, because whatever
    interrupts its making, and so lets go of it, is not the end of the process. A Unix socket knows
    no resets: there the server sees that nothing was said, and by whom.
    """
    with contextlib.suppress(OSError):  # it is closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)


def end_in_order(sock: socket.socket) -> None:
    """Have the close of `sock` be the end of this process: it is in use."""
    with contextlib.suppress(OSError):  # it is closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _IN_ORDER)


def tune(sock: socket.socket, peer_timeout: float) -> None:
    """Send at once, and have the kernel notice a dead server within `peer_timeout` seconds."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in probes(peer_timeout).tcp_options().items():
        option = getattr(socket, name, None)  # each system has a part of them
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
