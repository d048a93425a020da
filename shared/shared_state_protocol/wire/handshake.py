"""The handshake: each side proves to the other that it has the key, and never shows it.

::

    server → client   greeting   the standard library's challenge with 32 random bytes
    client → server   hello      ``SHS1``, then a frame [hello body, proof]
    server → client   welcome    a frame [welcome body, proof]

The client's proof is HMAC-SHA256(key, client label ‖ server nonce ‖ channel ‖ hello body), the
server's HMAC-SHA256(key, server label ‖ server nonce ‖ channel ‖ SHA-256(hello body) ‖ welcome
body). The hello body holds the client's nonce, the protocol version and the user name; `channel`
is the SHA-256 of the server's certificate under TLS and 32 zero bytes without. So both proofs
cover both nonces, one that was recorded fits no other connection, one sent back fits no direction,
and nobody between the two can change the welcome.

The greeting has the standard library's form so that one port can serve its clients too: the first
bytes they send are a length, ours are `MAGIC`. Whatever is wrong before authentication, the answer
is `REFUSAL`, which the standard library's clients understand as well.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, NamedTuple, TypeVar, get_type_hints

import ormsgpack

from ..errors import AuthenticationError, ProtocolError
from ..unpacking import unpack

__all__ = [
    "GREETING_BYTES",
    "MAGIC",
    "NONCE_BYTES",
    "NO_CHANNEL",
    "REFUSAL",
    "VERSION",
    "Hello",
    "Welcome",
    "greeting",
    "read_greeting",
    "read_hello",
    "read_welcome",
    "write_hello",
    "write_welcome",
]

VERSION = 1
MAGIC = b"SHS1"
NONCE_BYTES = 32
ID_BYTES = 16
MAX_TEXT = 255
NO_CHANNEL = bytes(32)

_CHALLENGE = b"#CHALLENGE#{sha256}"
_GREETING_HEAD = (len(_CHALLENGE) + NONCE_BYTES).to_bytes(4, "big") + _CHALLENGE
GREETING_BYTES = len(_GREETING_HEAD) + NONCE_BYTES

REFUSAL = (9).to_bytes(4, "big") + b"#FAILURE#"

_CLIENT_LABEL = b"shared-state 1 client proof\0"
_SERVER_LABEL = b"shared-state 1 server proof\0"


class Hello(NamedTuple):
    """What a client says of itself.

    `session` is its identity over all its connections, `lane` the number of this connection in it.
    `resumes` says that the client was welcomed to the lane before. `host`, `pid` and `thread` are
    for people.
    """

    version: int
    user: str
    nonce: bytes
    session: bytes
    lane: int
    resumes: bool
    host: str
    pid: int
    thread: str


class Welcome(NamedTuple):
    """What a server says of itself.

    `instance` is new at every start. `resumed` says that it knows the lane from before, with all
    replies that were not acknowledged. `unix_path` is where clients of the same host can reach it,
    or empty.
    """

    version: int
    instance: bytes
    resumed: bool
    unix_path: str
    max_frame_bytes: int


def greeting(nonce: bytes) -> bytes:
    """Return what a server sends first."""
    return _GREETING_HEAD + nonce


def read_greeting(data: bytes) -> bytes | None:
    """Return the nonce of a greeting, or None while it is not whole.

    Raises:
        ProtocolError: these bytes are no greeting of ours.
    """
    head = len(_GREETING_HEAD)
    if data[:head] != _GREETING_HEAD[: len(data)] or len(data) > GREETING_BYTES:
        raise ProtocolError("the other side is no shared-state server: unexpected first bytes")
    return data[head:] if len(data) == GREETING_BYTES else None


def write_hello(key: bytes, server_nonce: bytes, channel: bytes, hello: Hello) -> bytes:
    """Return the payload of a hello."""
    body = ormsgpack.packb(tuple(hello))
    return ormsgpack.packb((body, _client_proof(key, server_nonce, channel, body)))


def read_hello(key: bytes, server_nonce: bytes, channel: bytes, payload: bytes) -> Hello:
    """Return the hello of a client that has the key.

    Raises:
        AuthenticationError: anything else; why is nobody's business but the log's.
    """
    try:
        body, proof = _sealed(payload)
        if not hmac.compare_digest(proof, _client_proof(key, server_nonce, channel, body)):
            raise AuthenticationError("the client has another key")
        return _checked_hello(_fields(body, Hello))
    except ProtocolError as error:
        raise AuthenticationError(str(error)) from error


def write_welcome(
    key: bytes, server_nonce: bytes, channel: bytes, hello: bytes, welcome: Welcome
) -> bytes:
    """Return the payload of the welcome that answers the payload `hello`."""
    body = ormsgpack.packb(tuple(welcome))
    heard, _ = _sealed(hello)
    return ormsgpack.packb((body, _server_proof(key, server_nonce, channel, heard, body)))


def read_welcome(
    key: bytes, server_nonce: bytes, channel: bytes, hello: bytes, payload: bytes
) -> Welcome:
    """Return the welcome of a server that has the key, in answer to the payload `hello`.

    Raises:
        AuthenticationError: the server has another key.
        ProtocolError: the payload is no welcome.
    """
    body, proof = _sealed(payload)
    said, _ = _sealed(hello)
    if not hmac.compare_digest(proof, _server_proof(key, server_nonce, channel, said, body)):
        raise AuthenticationError("the server could not prove that it has the key")
    welcome: Welcome = _fields(body, Welcome)
    if welcome.version != VERSION:
        raise ProtocolError(f"the server speaks version {welcome.version}, this is {VERSION}")
    return welcome


def _client_proof(key: bytes, server_nonce: bytes, channel: bytes, body: bytes) -> bytes:
    return hmac.digest(key, _CLIENT_LABEL + server_nonce + channel + body, "sha256")


def _server_proof(
    key: bytes, server_nonce: bytes, channel: bytes, hello: bytes, body: bytes
) -> bytes:
    heard = hashlib.sha256(hello).digest()
    return hmac.digest(key, _SERVER_LABEL + server_nonce + channel + heard + body, "sha256")


def _sealed(payload: bytes) -> tuple[bytes, bytes]:
    try:
        body, proof = unpack(payload)
    except (ValueError, TypeError) as error:
        raise ProtocolError("a handshake that cannot be read") from error
    if type(body) is not bytes or type(proof) is not bytes:
        raise ProtocolError("a handshake of the wrong types")
    if ormsgpack.packb((body, proof)) != payload:  # ormsgpack passes over what follows
        raise ProtocolError("a handshake that is spelled another way, or says more")
    return body, proof


_Fields = TypeVar("_Fields", Hello, Welcome)


def _fields(body: bytes, kind: type[_Fields]) -> _Fields:
    """Read the fields of `kind`; more of them, from a later version, are passed over."""
    try:
        fields = unpack(body)
    except ValueError as error:
        raise ProtocolError("a handshake that cannot be read") from error
    expected = _TYPES[kind]
    given: list[Any] = fields if type(fields) is list else []  # pyright: ignore[reportUnknownVariableType]  # of whatever
    if [type(each) for each in given[: len(expected)]] != expected:
        raise ProtocolError("a handshake with fields of the wrong types")
    return kind._make(given[: len(expected)])


_TYPES = {kind: list(get_type_hints(kind).values()) for kind in (Hello, Welcome)}


def _checked_hello(hello: Hello) -> Hello:
    if hello.version != VERSION:
        raise ProtocolError(f"the client speaks version {hello.version}, this is {VERSION}")
    if len(hello.nonce) != NONCE_BYTES or len(hello.session) != ID_BYTES or hello.lane < 1:
        raise ProtocolError("a hello with fields of the wrong size")
    if max(map(len, (hello.user, hello.host, hello.thread))) > MAX_TEXT:
        raise ProtocolError("a hello with texts that are too long")
    if not (hello.user + hello.host).isprintable():  # they stand in lines of the log
        raise ProtocolError("a hello with names that cannot be printed")
    return hello
