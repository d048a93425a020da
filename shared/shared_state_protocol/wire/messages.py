"""Messages: what the payload of a frame says. Each is one msgpack array.

==============  ====================================================================
request         ``[number, acknowledged, "dict.set", "object name", argument, …]``
answer          ``[number, result]``
failure         ``[number, nil, "KeyError", [argument, …]]``
notice          ``[0, 0, "confirm" | "cancel" | "goodbye", "", number]``; never answered
==============  ====================================================================

Requests of a lane are numbered from 1; a request that is sent again keeps its number.
`acknowledged` says that every reply up to that number has arrived, so that the server need not
remember them. Replies may come in any order.
"""

from __future__ import annotations

from typing import Any

import ormsgpack

from ..errors import ProtocolError
from .frames import frame

__all__ = [
    "ANSWER_PARTS",
    "CANCEL",
    "CONFIRM",
    "FAILURE_PARTS",
    "GOODBYE",
    "REQUEST_PARTS",
    "answer",
    "failure",
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
GOODBYE = "goodbye"

_pack = ormsgpack.packb


def request(
    number: int, acknowledged: int, wire: str, name: str, arguments: tuple[Any, ...]
) -> bytes:
    """Return the frame of a request."""
    return frame(_pack((number, acknowledged, wire, name, *arguments)))


def notice(kind: str, number: int = 0) -> bytes:
    """Return the frame of a message that wants no answer."""
    return frame(_pack((0, 0, kind, "", number)))


def answer(number: int, result: Any) -> bytes:
    """Return the frame of the reply that carries a result."""
    return frame(_pack((number, result)))


def failure(number: int, error: str, arguments: list[Any]) -> bytes:
    """Return the frame of the reply that carries an error."""
    return frame(_pack((number, None, error, arguments)))


def read(payload: bytes) -> list[Any]:
    """Return the parts of a message.

    Raises:
        ProtocolError: the payload is no msgpack array.
    """
    try:
        message = ormsgpack.unpackb(payload)
    except ValueError as error:
        raise ProtocolError("a payload that is no message") from error
    if type(message) is not list:
        raise ProtocolError("a message that is no array")
    return message
