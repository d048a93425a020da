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
from ..split import Split
from ..unpacking import unpack
from .frames import frame, header
from .large import LARGE_BYTES, Frame, Pieces, read_large, scattered

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
    "notice",
    "read",
    "request",
    "request_with_split",
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
        MsgpackEncodeError: there is a `Split` among the arguments; see `request_with_split`.
        LimitExceeded: it has more parts than a server reads in one.
    """
    payload = _pack((number, acknowledged, wire, name) + arguments)  # noqa: RUF005  # no list between
    if len(payload) > MAX_NODES:
        try:
            check(payload)
        except DecodingError as error:
            raise LimitExceeded(f"cannot send a request {error}: make it several") from None
    return header(len(payload)) + payload  # `frame`, at half its price


def request_with_split(
    number: int, acknowledged: int, wire: str, name: str, arguments: tuple[Any, ...]
) -> Frame:
    """Return the frame of a request with a `Split` in it; one that is an argument is not joined."""
    parts: list[Any] = [number, acknowledged, wire, name, *arguments]
    at = next((at for at, part in enumerate(parts) if type(part) is Split), None)
    if at is None:
        payload = _pack(parts, _joined)
        return header(len(payload)) + payload
    packed = [_pack(part, _joined) for part in (*parts[:at], *parts[at + 1 :])]
    return scattered(packed[:at], parts[at], packed[at:])


def _joined(part: object) -> bytes:
    if type(part) is Split:
        return part.joined()
    raise TypeError(f"no part of a message: {part!r}")


def notice(kind: str, *numbers: int) -> bytes:
    """Return the frame of a message that wants no answer; it has one number at the least."""
    return frame(_pack((0, 0, kind, "", *(numbers or (0,)))))


def answer(number: int, result: Any) -> Frame:
    """Return the frame of the reply that carries a result, scattered if that is large."""
    if type(result) is bytes and len(result) >= LARGE_BYTES:
        return scattered((_pack(number),), result, ())
    payload = _pack((number, result))
    return header(len(payload)) + payload  # `frame`, at half its price


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
