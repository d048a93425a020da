"""The standard library's wire, as `multiprocessing.connection` speaks it: frames and handshake.

A frame is a length and that many bytes: four bytes, big-endian and signed; or -1 in them, and then
eight bytes for what is longer than they can say.

Each side challenges the other, the server first::

    challenger → other   ``#CHALLENGE#`` and a message
    other → challenger   HMAC(key, message)
    challenger → other   ``#WELCOME#`` or ``#FAILURE#``

Python 3.12 and later begin the message with ``{sha256}`` and answer such a one with ``{sha256}``
and the digest; earlier ones send 20 bytes and answer whatever they get with a bare HMAC-MD5. The
MD5 is there for them alone: a message that names a digest is covered with its name, so nobody
between the two can have a newer client use the older one.
"""

from __future__ import annotations

import hmac
import struct

from ..errors import AuthenticationError, ProtocolError

__all__ = [
    "CHALLENGE",
    "DIGEST",
    "FAILURE",
    "MAX_HANDSHAKE_BYTES",
    "WELCOME",
    "FrameReader",
    "ServerOpening",
    "challenge",
    "check_response",
    "frame",
    "response",
]

CHALLENGE = b"#CHALLENGE#"
WELCOME = b"#WELCOME#"
FAILURE = b"#FAILURE#"
DIGEST = b"{sha256}"

MAX_HANDSHAKE_BYTES = 256
"""Of one message before both sides are known: the standard library's own limit."""

_DIGESTS = frozenset({b"md5", b"sha256", b"sha384", b"sha3_256", b"sha3_384"})
_BARE_LENGTHS = (16, 20)
"""Of a challenge or a response that names no digest: an MD5, and the older challenge."""

_SHORT = struct.Struct("!i")
_LONG = struct.Struct("!iQ")
_MAX_SHORT = 0x7FFFFFFF


def frame(payload: bytes) -> bytes:
    """Return the frame that carries `payload`."""
    size = len(payload)
    if size > _MAX_SHORT:
        return _LONG.pack(-1, size) + payload
    return _SHORT.pack(size) + payload


class FrameReader:
    """Cuts bytes, as they arrive, into payloads of at most `limit` bytes."""

    __slots__ = ("_kept", "_wanted", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._kept = bytearray()
        self._wanted = _SHORT.size

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that are whole with `data`.

        Raises:
            ProtocolError: a frame is longer than the limit.
        """
        if not self._kept and len(data) >= _SHORT.size:
            (size,) = _SHORT.unpack_from(data)
            if size == len(data) - _SHORT.size and size <= self.limit:
                return [data[_SHORT.size :]]  # one whole frame, as lock-step clients send them
        self._kept += data
        if len(self._kept) < self._wanted:
            return []
        return list(self._whole())

    def _whole(self) -> list[bytes]:
        found: list[bytes] = []
        while (span := self._next()) is not None:
            start, end = span
            found.append(bytes(self._kept[start:end]))
            del self._kept[:end]
            self._wanted = _SHORT.size
        return found

    def _next(self) -> tuple[int, int] | None:
        """Return where the next payload starts and ends, or None while it is not whole."""
        if len(self._kept) < _SHORT.size:
            return None
        start = _SHORT.size
        (size,) = _SHORT.unpack_from(self._kept)
        if size == -1:
            start = _LONG.size
            if len(self._kept) < start:
                self._wanted = start
                return None
            _, size = _LONG.unpack_from(self._kept)
        if not 0 <= size <= self.limit:
            raise ProtocolError(f"a frame of {size} bytes; at most {self.limit} are taken")
        self._wanted = start + size
        return (start, start + size) if len(self._kept) >= self._wanted else None


def challenge(nonce: bytes) -> bytes:
    """Return the message that a challenge with `nonce` consists of, without its mark."""
    return DIGEST + nonce


def response(key: bytes, message: bytes) -> bytes:
    """Return what proves, in answer to a challenge's `message`, that one has `key`.

    Raises:
        AuthenticationError: the message is none that can be answered.
    """
    if len(message) in _BARE_LENGTHS:
        return _digest(key, message, "md5")
    name, _ = _named(message)
    return b"{%s}" % name + _digest(key, message, name.decode())


def check_response(key: bytes, message: bytes, answer: bytes) -> None:
    """Let a peer through that has answered `message` with `key`.

    Raises:
        AuthenticationError: it has another key, or said something else.
    """
    name, digest = (b"md5", answer) if len(answer) in _BARE_LENGTHS else _named(answer)
    if not hmac.compare_digest(digest, _digest(key, message, name.decode())):
        raise AuthenticationError("digest received was wrong")


def _digest(key: bytes, message: bytes, name: str) -> bytes:
    try:
        return hmac.new(key, message, name).digest()
    except ValueError as error:  # MD5, where the system forbids it
        raise AuthenticationError(f"there is no {name} here") from error


def _named(message: bytes) -> tuple[bytes, bytes]:
    """Return the digest that a message names, and what follows."""
    name, closing, rest = message[1:].partition(b"}")
    if not message.startswith(b"{") or not closing or name not in _DIGESTS:
        raise AuthenticationError("a handshake that names no digest known here")
    return name, rest


class ServerOpening:
    """The server's side until the client is known, after the challenge with `nonce` was sent.

    `receive` returns what is to be sent. The client `is_welcome` once it has proved the key; once
    `is_open`, `rest` is what had arrived behind the handshake.
    """

    def __init__(self, key: bytes, nonce: bytes) -> None:
        self.is_welcome = self.is_open = False
        self.rest = b""
        self._key = key
        self._message = challenge(nonce)
        self._kept = b""
        self._steps = iter((self._check, self._answer, self._hear))

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the client; return what is to be sent now.

        Raises:
            AuthenticationError: the client has another key, or says what no client would.
        """
        self._kept += data
        said = b""
        while not self.is_open and (payload := self._cut()) is not None:
            said += next(self._steps)(payload)
        if self.is_open:
            self.rest, self._kept = self._kept, b""
        return said

    def _cut(self) -> bytes | None:
        """Return the next message of the handshake, or None while it is not whole."""
        kept = self._kept
        if len(kept) < _SHORT.size:
            return None
        (size,) = _SHORT.unpack_from(kept)
        if not 0 <= size <= MAX_HANDSHAKE_BYTES:
            raise AuthenticationError("the client said more than a handshake")
        end = _SHORT.size + size
        if len(kept) < end:
            return None
        self._kept = kept[end:]
        return kept[_SHORT.size : end]

    def _check(self, answer: bytes) -> bytes:
        check_response(self._key, self._message, answer)
        self.is_welcome = True
        return frame(WELCOME)

    def _answer(self, challenged: bytes) -> bytes:
        if not challenged.startswith(CHALLENGE):
            raise AuthenticationError("the client did not challenge")
        return frame(response(self._key, challenged[len(CHALLENGE) :]))

    def _hear(self, verdict: bytes) -> bytes:
        if verdict != WELCOME:
            raise AuthenticationError("the client found another key here")
        self.is_open = True
        return b""
