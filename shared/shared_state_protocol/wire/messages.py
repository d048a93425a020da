"""Messages: what the payload of a frame says. Each is one msgpack array.

==============  ====================================================================
request         ``[number, acknowledged, "dict.set", "object name", argument, …]``
answer          ``[number, result]``
failure         ``[number, nil, "KeyError", [argument, …]]``
notice          ``[0, 0, kind, "", number, …]``; never answered
==============  ====================================================================

The kinds of notice: ``confirm`` says that what the reply to `number` carried has arrived,
``cancel`` that its caller gave up, ``leave`` that the thread of this lane has ended, and
``goodbye`` that the session ends.

Requests of a lane are numbered from 1; a request that is sent again keeps its number.
`acknowledged` says that every reply up to that number has arrived, so that the server need not
remember them. Replies may come in any order; so that one which is long in coming does not have the
server remember all that came after it, ``arrived`` says that every reply up to its first number has
come but for those that its other numbers name.

A payload of up to `MAX_NODES` bytes holds at most so many values, one byte each at the least. What
is larger is counted before it is decoded, or sent; for one large value that takes no time. How such
a value is spared from being copied is told in `large`.
"""

from __future__ import annotations

from typing import Any

import ormsgpack

from ..bounds import check
from ..errors import DecodingError, LimitExceeded, ProtocolError
from ..limits import MAX_NODES
from ..unpacking import unpack
from .frames import frame, header
from .large import LARGE_BYTES, Pieces, read_large, with_blob

__all__ = [
    "ANSWER_PARTS",
    "ARRIVED",
    "CANCEL",
    "CONFIRM",
    "FAILURE_PARTS",
    "GOODBYE",
    "LEAVE",
    "REQUEST_PARTS",
    "answer",
    "failure",
    "large_answer",
    "large_request",
    "notice",
    "read",
    "request",
]

REQUEST_PARTS = 4
"""Of a request or notice, at the least: arguments follow."""

ANSWER_PARTS = 2
"""By their number of parts a client tells an answer from a failure."""

FAILURE_PARTS = 4

CONFIRM = "confirm"
CANCEL = "cancel"
ARRIVED = "arrived"
LEAVE = "leave"
GOODBYE = "goodbye"

_pack = ormsgpack.packb


def request(
    number: int, acknowledged: int, wire: str, name: str, arguments: tuple[Any, ...]
) -> bytes:
    """Return the frame of a request.

    Raises:
        LimitExceeded: it has more parts than a server reads in one.
    """
    payload = _pack((number, acknowledged, wire, name) + arguments)  # noqa: RUF005  # no list between
    if len(payload) > MAX_NODES:
        try:
            check(payload)
        except DecodingError as error:
            raise LimitExceeded(f"cannot send a request {error}: make it several") from None
    return header(len(payload)) + payload  # `frame`, at half its price


def large_request(
    number: int, acknowledged: int, wire: str, name: str, arguments: tuple[Any, ...]
) -> tuple[bytes, bytes | memoryview]:
    """Return the frame of a request whose last argument is large, in two parts."""
    *others, blob = arguments
    return _before(blob, number, acknowledged, wire, name, *others), blob


def notice(kind: str, *numbers: int) -> bytes:
    """Return the frame of a message that wants no answer; it has one number at the least."""
    return frame(_pack((0, 0, kind, "", *(numbers or (0,)))))


def answer(number: int, result: Any) -> bytes:
    """Return the frame of the reply that carries a result."""
    payload = _pack((number, result))
    return header(len(payload)) + payload  # `frame`, at half its price


def large_answer(number: int, result: bytes) -> tuple[bytes, bytes]:
    """Return the frame of the reply that carries a large result, in two parts."""
    return _before(result, number), result


def failure(number: int, error: str, arguments: list[Any]) -> bytes:
    """Return the frame of the reply that carries an error."""
    return frame(_pack((number, None, error, arguments)))


def read(payload: bytes | Pieces) -> list[Any]:
    """Return the parts of a message.

    Raises:
        ProtocolError: the payload is no msgpack array, or over a limit.
    """
    try:
        message = unpack(payload) if len(payload) <= LARGE_BYTES else read_large(payload)
    except ValueError as error:  # DecodingError is one, too
        raise ProtocolError(f"a payload that is no message: {error}") from error
    if type(message) is not list:
        raise ProtocolError("a message that is no array")
    return message  # pyright: ignore[reportUnknownVariableType]  # of whatever


def _before(blob: bytes | memoryview, *parts: Any) -> bytes:
    """Return the frame of ``[*parts, blob]`` up to the blob."""
    payload = with_blob(_pack((*parts, b"")), blob)
    return header(len(payload) + len(blob)) + payload
