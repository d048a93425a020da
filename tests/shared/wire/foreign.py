"""A client written from `docs/protocol.md` alone: it imports nothing of the project.

It knows as much of msgpack as small integers, short texts, bin and nil, and waits for each reply.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct
from typing import Any

__all__ = ["ForeignClient"]


class ForeignClient:
    """One session with one lane."""

    def __init__(self, address: tuple[str, int], key: bytes) -> None:
        self._sock = socket.create_connection(address, timeout=30)
        self._number = 0
        greeting = self._read(55)
        assert greeting[:23] == b"\0\0\0\x33#CHALLENGE#{sha256}"
        nonce = greeting[23:]
        hello = pack([1, "default", os.urandom(32), os.urandom(16), 1, False, "foreign", 1, ""])
        said = nonce + bytes(32)
        proof = hmac.digest(key, b"shared-state 1 client proof\0" + said + hello, "sha256")
        self._sock.sendall(b"SHS1")
        self._write([hello, proof])
        welcome, proof = self._message()
        said += hashlib.sha256(hello).digest() + welcome
        expected = hmac.digest(key, b"shared-state 1 server proof\0" + said, "sha256")
        assert hmac.compare_digest(proof, expected)

    def call(self, operation: str, name: str, *arguments: Any) -> Any:
        """Return the result of one operation."""
        self._number += 1
        self._write([self._number, self._number - 1, operation, name, *arguments])
        number, *outcome = self._message()
        assert number == self._number
        if len(outcome) > 1:
            raise LookupError(*outcome[1:])
        return outcome[0]

    def close(self) -> None:
        """End the session."""
        self._write([0, 0, "goodbye", "", 0])
        self._sock.close()

    def _write(self, message: list[Any]) -> None:
        payload = pack(message)
        self._sock.sendall(struct.pack("<I", len(payload)) + payload)

    def _message(self) -> Any:
        (length,) = struct.unpack("<I", self._read(4))
        message, rest = unpack(self._read(length))
        assert rest == b""
        return message

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._sock.recv(size - len(data))
            assert more, "the server hung up"
            data += more
        return data


def pack(value: Any) -> bytes:
    """Encode in msgpack."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return bytes((value,)) if 0 <= value < 0x80 else b"\xd3" + struct.pack(">q", value)
    if isinstance(value, str):
        text = value.encode()
        return bytes((0xA0 | len(text),)) + text
    if isinstance(value, bytes):
        return b"\xc4" + bytes((len(value),)) + value
    return bytes((0x90 | len(value),)) + b"".join(map(pack, value))


def unpack(data: bytes) -> tuple[Any, bytes]:
    """Decode one value of msgpack; return it and what follows."""
    first, rest = data[0], data[1:]
    if first < 0x80:
        return first, rest
    if first & 0xE0 == 0xA0:
        return rest[: first & 31].decode(), rest[first & 31 :]
    if first & 0xF0 == 0x90:
        items = []
        for _ in range(first & 15):
            item, rest = unpack(rest)
            items.append(item)
        return items, rest
    if first in (0xC4, 0xD9):
        blob = rest[1 : 1 + rest[0]]
        return (blob if first == 0xC4 else blob.decode()), rest[1 + rest[0] :]
    if first == 0xCE:
        return int.from_bytes(rest[:4], "big"), rest[4:]
    return {0xC0: None, 0xC2: False, 0xC3: True}[first], rest
