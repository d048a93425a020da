"""Connections: the two state machines that open a wire, and what is legal when.

::

    server   GREETED ──hello──▶ OPEN         anything else: AuthenticationError, send REFUSAL, close
    client   WAITING ──greeting──▶ SAID_HELLO ──welcome──▶ OPEN

Both are fed with bytes and asked for bytes. Before a client has authenticated itself the server
keeps at most `MAX_HELLO_BYTES` of it and gives it `HANDSHAKE_TIMEOUT_S`; whoever owns the clock and
the socket sees to the second. Once
open, `frames.FrameReader` takes over.
"""

from __future__ import annotations

from ..errors import AuthenticationError, ProtocolError
from . import handshake
from .frames import HEADER_BYTES, frame
from .handshake import Hello, Welcome

__all__ = ["HANDSHAKE_TIMEOUT_S", "MAX_HELLO_BYTES", "ClientOpening", "ServerOpening"]

HANDSHAKE_TIMEOUT_S = 5.0
"""From accept to authenticated. A hello is one packet; five seconds are a bad mobile network."""

MAX_HELLO_BYTES = 4096
"""All that is kept of a peer before it has authenticated itself. A hello is some 200 bytes."""

STDLIB_RESPONSE = bytes(3)
"""How a client of the standard library begins: four bytes with the length of a short response."""


class ServerOpening:
    """The server's side until the client is known.

    `greeting` is to be sent at once. When `receive` has returned the client's `Hello`, `accept`
    makes the welcome; `rest` is what had arrived behind the hello.
    """

    def __init__(self, key: bytes, nonce: bytes, channel: bytes = handshake.NO_CHANNEL) -> None:
        self.greeting = handshake.greeting(nonce)
        self.rest = b""
        self._key = key
        self.nonce = nonce
        self._channel = channel
        self._kept = b""
        self._hello = b""

    @property
    def has_begun(self) -> bool:
        """Whether a part of the hello is here."""
        return bool(self._kept)

    def receive(self, data: bytes) -> Hello | None:
        """Take bytes of the client; return its hello once it is whole.

        Raises:
            AuthenticationError: it is not one of ours, says too much, or has another key.
        """
        kept = self._kept + data
        magic, rest = kept[: len(handshake.MAGIC)], kept[len(handshake.MAGIC) :]
        if not handshake.MAGIC.startswith(magic):
            raise AuthenticationError(_other_protocol(kept))
        size = int.from_bytes(rest[:HEADER_BYTES], "little")
        if size > MAX_HELLO_BYTES:
            raise AuthenticationError("the client said more than a hello")
        end = HEADER_BYTES + size
        if len(rest) < end:
            self._kept = kept
            return None
        self._hello, self.rest = rest[HEADER_BYTES:end], rest[end:]
        return handshake.read_hello(self._key, self.nonce, self._channel, self._hello)

    def accept(self, welcome: Welcome) -> bytes:
        """Return the frame that welcomes the client whose hello was received."""
        return frame(
            handshake.write_welcome(self._key, self.nonce, self._channel, self._hello, welcome)
        )


def _other_protocol(kept: bytes) -> str:
    """Return what is to be said of a client that begins so."""
    other = "the client speaks another protocol"
    if kept.startswith(STDLIB_RESPONSE):
        return (
            f"{other}: that of multiprocessing.managers, for which there is --allow-stdlib-clients"
        )
    return other


class ClientOpening:
    """The client's side until the server is known.

    `receive` returns what is to be sent; when `welcome` is no longer None the wire is open.
    `hello` says who is calling; its nonce has to be fresh for every connection.
    """

    def __init__(self, key: bytes, hello: Hello, channel: bytes = handshake.NO_CHANNEL) -> None:
        self.welcome: Welcome | None = None
        self._key = key
        self._channel = channel
        self._fields = hello
        self._hello = b""
        self._nonce = b""
        self._kept = b""

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the server; return what is to be sent now.

        Raises:
            AuthenticationError: the server refused, or could not prove that it has the key.
            ProtocolError: the other side is no server of ours.
        """
        self._kept += data
        if self._nonce:
            self._read_welcome(self._kept)
            return b""
        nonce = handshake.read_greeting(self._kept[: handshake.GREETING_BYTES])
        if nonce is None:
            return b""
        # A client that was late finds the refusal here too; it learns of it when it reads on.
        self._nonce, self._kept = nonce, self._kept[handshake.GREETING_BYTES :]
        self._hello = handshake.write_hello(self._key, nonce, self._channel, self._fields)
        return handshake.MAGIC + frame(self._hello)

    def _read_welcome(self, kept: bytes) -> None:
        if kept.startswith(handshake.REFUSAL):
            raise AuthenticationError("the server refused: is the authkey the same on both sides?")
        if handshake.REFUSAL.startswith(kept):
            return
        size = int.from_bytes(kept[:HEADER_BYTES], "little")
        end = HEADER_BYTES + size
        if size > MAX_HELLO_BYTES or len(kept) > end:
            raise ProtocolError("the server said more than a welcome")
        if len(kept) == end:
            self.welcome = handshake.read_welcome(
                self._key, self._nonce, self._channel, self._hello, kept[HEADER_BYTES:]
            )
