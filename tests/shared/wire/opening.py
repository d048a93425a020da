"""Openings whose every byte is known: fixed key, nonces and identities."""

from __future__ import annotations

from shared_state_protocol.wire import handshake
from shared_state_protocol.wire.connection import ClientOpening, ServerOpening
from shared_state_protocol.wire.handshake import ID_BYTES, NONCE_BYTES, VERSION, Hello, Welcome

__all__ = [
    "CHANNEL",
    "CLIENT_NONCE",
    "HELLO",
    "KEY",
    "OTHER_KEY",
    "OTHER_NONCE",
    "SERVER_NONCE",
    "WELCOME",
    "client_opening",
    "server_opening",
]

KEY = b"0123456789abcdef0123456789abcdef"
OTHER_KEY = KEY[::-1]
SERVER_NONCE = bytes(range(NONCE_BYTES))
OTHER_NONCE = bytes(range(1, NONCE_BYTES + 1))
CLIENT_NONCE = bytes(range(0x40, 0x40 + NONCE_BYTES))
CHANNEL = handshake.NO_CHANNEL

HELLO = Hello(
    version=VERSION,
    user="default",
    nonce=CLIENT_NONCE,
    session=bytes(range(0x80, 0x80 + ID_BYTES)),
    lane=1,
    resumes=False,
    host="worker-1",
    pid=4711,
    thread="MainThread",
)

WELCOME = Welcome(
    version=VERSION,
    instance=bytes(range(0xA0, 0xA0 + ID_BYTES)),
    resumed=False,
    unix_path="/run/user/1000/shared-state/a0.sock",
    max_frame_bytes=64 << 20,
)


def server_opening(
    key: bytes = KEY, nonce: bytes = SERVER_NONCE, channel: bytes = CHANNEL
) -> ServerOpening:
    """Return a server's side that has sent nothing yet."""
    return ServerOpening(key, nonce, channel)


def client_opening(
    key: bytes = KEY, hello: Hello = HELLO, channel: bytes = CHANNEL
) -> ClientOpening:
    """Return a client's side that has heard nothing yet."""
    return ClientOpening(key, hello, channel)
