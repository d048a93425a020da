"""Sessions: one process as servers know it, and how its lanes reach them.

A session has an identity of its own making, which every connection states, and an address. When the
server says that it can be reached on this host, lanes go there: they connect to the Unix socket,
see by its handshake that it is the same instance, and leave TCP.
"""

from __future__ import annotations

import math
import os
import random
import secrets
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from shared_state_protocol.address import Address
from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import Arguments, Made, Operation
from shared_state_protocol.errors import ProtocolError, from_wire
from shared_state_protocol.limits import MAX_FRAME_BYTES
from shared_state_protocol.sizes import too_large
from shared_state_protocol.wire import handshake, messages
from shared_state_protocol.wire.connection import ClientOpening
from shared_state_protocol.wire.handshake import ID_BYTES, NONCE_BYTES, Hello, Welcome
from shared_state_protocol.wire.large import Frame
from shared_state_protocol.wire.liveness import check_peer_timeout

from .reconnect import Opening

if TYPE_CHECKING:
    from .lane import Lane

__all__ = ["DEFAULT_TIMEOUT_S", "Session", "check_timeout", "unreachable"]

DEFAULT_TIMEOUT_S = 10.0
"""For connecting, and for a reply that need not wait. Servers answer within a millisecond; whoever
has not after ten seconds is not there."""

Encoders = Made[Operation[..., Any], Callable[[Arguments], Arguments]]
Decoders = Made[Operation[..., Any], Callable[[Any, Arguments], Any]]

USER = "default"
"""There is one user and one key as yet; the wire has room for more."""


class Session:
    """What the connections of one client have in common.

    `address` is the one that answered last, `location` all of them; `openings` has how objects were
    opened that have proxies, by name. `random` jitters its reconnects; each process has its own.
    """

    def __init__(
        self,
        addresses: tuple[Address, ...],
        key: bytes,
        timeout: float,
        same_host: bool,
        peer_timeout: float,
        codec: Codec,
        busy_poll: float = 0.0,
    ) -> None:
        check_timeout(timeout)
        self.address = addresses[0]
        self.location = ",".join(map(str, addresses))
        self.key = key
        self.timeout = timeout
        self.peer_timeout = check_peer_timeout(peer_timeout)
        self.same_host = same_host
        self.busy_poll = busy_poll
        self.codec = codec
        self.encoders: Encoders = Made(lambda operation: operation.encoder(self.codec))
        self.decoders: Decoders = Made(lambda operation: operation.decoder(self.codec))
        self.instance = b""
        self.is_closed = False
        self.openings: WeakValueDictionary[str, Opening] = WeakValueDictionary()
        self._addresses = addresses
        self._welcomed: set[int] = set()
        self.max_frame_bytes = MAX_FRAME_BYTES
        self._unix_path = ""
        self.renew()

    def renew(self) -> None:
        """Become another session: this process is a fork of the one that had it."""
        self._id = secrets.token_bytes(ID_BYTES)
        self._host = socket.gethostname()
        self._pid = os.getpid()
        self._welcomed.clear()
        self._lanes: WeakValueDictionary[int, Lane] = WeakValueDictionary()
        self.random = random.Random()  # noqa: S311  # jitter is no secret

    def check_open(self) -> None:
        """Refuse to connect again for a client that is not used any more.

        Raises:
            ConnectionAbortedError: it was closed.
        """
        if self.is_closed:
            raise ConnectionAbortedError("this client was closed")

    def addresses(self) -> list[Address]:
        """Return the addresses as they are tried: the one where the other lanes are comes first."""
        return [self.address, *(each for each in self._addresses if each != self.address)]

    @property
    def has_begun(self) -> bool:
        """Whether a server knows it, and may have something of it to lose."""
        return bool(self._welcomed)

    @property
    def patience(self) -> float:
        """For how many seconds each address is tried: all of them are within the timeout."""
        return self.timeout / len(self._addresses)

    def reached(self, address: Address) -> None:
        """Take note that a server answered there; the Unix socket of one is no other place."""
        if address in self._addresses:
            self.address = address

    def join(self, lane: Lane) -> None:
        """Count a lane as one of this session."""
        self._lanes[lane.number] = lane

    def gather(self, instance: bytes) -> None:
        """Have all lanes go to the one instance that this session is with now."""
        for found in self._lanes.valuerefs():  # a list, whatever other threads do meanwhile
            lane = found()
            if lane is not None:
                lane.come_to(instance)

    def remember(self, opening: Opening, proxy: Any) -> None:
        """Have an object opened again, should it be lost, as long as `proxy` is used."""
        proxy._opening = self.openings.setdefault(opening.name, opening)

    def forget(self, name: str) -> None:
        """Do not open an object again."""
        self.openings.pop(name, None)

    def opening(self, lane: int, thread: str) -> ClientOpening:
        """Return the handshake of a new connection."""
        return ClientOpening(self.key, self._hello(lane, thread))

    def _hello(self, lane: int, thread: str) -> Hello:
        return Hello(
            version=handshake.VERSION,
            user=USER,
            nonce=secrets.token_bytes(NONCE_BYTES),
            session=self._id,
            lane=lane,
            resumes=lane in self._welcomed,
            host=self._host[: handshake.MAX_TEXT],
            pid=self._pid,
            thread=thread[: handshake.MAX_TEXT],
        )

    def know(self, welcome: Welcome, lane: int) -> None:
        """Remember which instance of the server this is and where it can be reached."""
        self._welcomed.add(lane)
        self.instance = welcome.instance
        self.max_frame_bytes = self.codec.limit = welcome.max_frame_bytes
        self._unix_path = welcome.unix_path if self.same_host else ""

    @property
    def nearer_address(self) -> Address | None:
        """The server's Unix socket, if it is on this host and not the address already."""
        if self.address.scheme == "unix" or not _is_reachable(self._unix_path):
            return None
        return Address("unix", path=self._unix_path)

    def check_size(self, frame: Frame, limit: int | None = None) -> None:
        """Refuse a request that the server would not read.

        Raises:
            LimitExceeded: it is larger than the server's limit for a frame, or than `limit`.
        """
        if len(frame) > min(limit or self.max_frame_bytes, self.max_frame_bytes):
            raise too_large(len(frame), self.max_frame_bytes)

    def opened(self, operation: Operation[..., Any], message: list[Any]) -> list[Any]:
        """Return the reply to a delivery with what it carries decoded, before that is confirmed.

        Raises:
            DecodingError: what was delivered cannot be read here, and has to go back.
        """
        if len(message) != messages.ANSWER_PARTS:
            return message
        return [message[0], self.decoders[operation](message[1], ())]

    def result_of(self, message: list[Any]) -> Any:
        """Return the result that a reply carries, or raise its error."""
        if len(message) == messages.ANSWER_PARTS:
            return message[1]
        raise self.error_of(message)

    def error_of(self, message: list[Any]) -> Exception:
        """Return the exception that a reply carries."""
        if len(message) != messages.FAILURE_PARTS or type(message[3]) is not list:
            return ProtocolError("a reply that is neither a result nor an error")
        parts: list[Any] = message[3]  # pyright: ignore[reportUnknownVariableType]  # of whatever
        arguments = [self.codec.decode(each) if type(each) is bytes else each for each in parts]
        return from_wire(message[2], arguments)


def check_timeout(timeout: object) -> None:
    """Refuse what is no time in which a server could answer.

    Raises:
        TypeError: it is no number.
        ValueError: it is none above 0, or not finite.
    """
    wanted = "the timeout of a client has to be a number of seconds above 0, and finite"
    if not isinstance(timeout, (int, float)):
        raise TypeError(f"{wanted}, not {timeout!r}")
    if not 0 < timeout < math.inf:
        raise ValueError(f"{wanted}, not {timeout!r}")


def unreachable(error: OSError, address: Address) -> OSError:
    """Return `error` again, of the same class and with the same errno, naming the address."""
    if isinstance(error, TimeoutError) and error.errno is None:
        return TimeoutError(f"{address} did not answer: {error}")
    if error.errno is None:  # asyncio joins the errors of several addresses of one host
        return OSError(f"{address}: {error}")
    return type(error)(error.errno, error.strerror, str(address))


def _is_reachable(path: str) -> bool:
    """Return whether `path`, told by a server, is a socket of this host that we may use."""
    return bool(path) and hasattr(socket, "AF_UNIX") and os.access(path, os.R_OK | os.W_OK)
