"""Unpacking: ormsgpack's reader, made safe where it believes what it reads.

Before 1.13, ormsgpack takes room for as many items as the header of an array or map promises,
before it looks whether there are any. Six bytes (``DD FF FF FF FF C0``) end the process, others
take 16 GiB. 1.13 does not, but needs Python 3.11. So with an older one, a payload that may have a
header that promises much is first walked to its end (see `bounds`); most have none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ormsgpack

from .bounds import walk
from .errors import DecodingError
from .limits import MAX_DEPTH

__all__ = ["unpack", "unpack_unbelieving"]

_LARGE_CONTAINERS = (b"\xdc", b"\xdd", b"\xde", b"\xdf")

_MAX_DEPTH = MAX_DEPTH + 1  # the decoder puts a value into a pair, and has checked the value


def unpack_unbelieving(
    payload: bytes, /, *, ext_hook: Callable[[int, bytes], Any] | None = None
) -> Any:
    """Return the value at the start of `payload`, as `unpack` does, with any ormsgpack.

    Raises:
        ValueError: there is none.
    """
    may_promise_much = any(header in payload for header in _LARGE_CONTAINERS)
    if may_promise_much and walk(payload, _MAX_DEPTH) > len(payload):
        raise DecodingError("not a value: the bytes end too early")
    return ormsgpack.unpackb(payload, ext_hook=ext_hook)


def _believes(version: str) -> bool:
    major, minor, *_ = version.split(".")
    return (int(major), int(minor)) < (1, 13)


unpack: Callable[..., Any] = (
    unpack_unbelieving if _believes(ormsgpack.__version__) else ormsgpack.unpackb
)
"""`ormsgpack.unpackb`, or where that cannot be trusted, what checks for it."""
