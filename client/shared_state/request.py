"""Requests that are under way: what has to be known of one until its reply is there."""

from __future__ import annotations

from typing import Any

from ormsgpack import MsgpackEncodeError

from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import WIRE_NAMES, OutcomeUnknown, ServerClosing, SharedStateError
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.handshake import Welcome
from shared_state_protocol.wire.large import Frame, joined

from .reconnect import check_resend

__all__ = ["Message", "Request", "is_closing"]

Message = list[Any]
"""What a reply says: see `messages`."""


_CLOSING = WIRE_NAMES[ServerClosing]


def is_closing(message: Message) -> bool:
    """Return whether a reply says that its server is going down and has not done what was asked."""
    return len(message) == messages.FAILURE_PARTS and message[2] == _CLOSING


class Request:
    """One request that waits for its reply; `arguments` are encoded.

    `is_heard` says that somebody will be told of the reply.
    """

    __slots__ = ("arguments", "is_heard", "name", "number", "operation", "started")

    def __init__(
        self,
        number: int,
        operation: Operation[..., Any],
        name: str,
        arguments: Arguments,
        started: float,
    ) -> None:
        self.number = number
        self.operation = operation
        self.name = name
        self.arguments = arguments
        self.started = started
        self.is_heard = True

    def frame(self, acknowledged: int) -> Frame:
        """Return the request as it is written."""
        parts = self.number, acknowledged, self.operation.wire, self.name, self.arguments
        try:
            return messages.request(*parts)
        except MsgpackEncodeError:
            return messages.request_with_split(*parts)

    def whole_frame(self, acknowledged: int) -> bytes:
        """Return the same in one piece."""
        return joined(self.frame(acknowledged))

    def lost_by(self, welcome: Welcome, before: bytes, now: float) -> Message | None:
        """Prepare to be sent again after the server `before` was lost and `welcome` was heard.

        What was waited already is taken from the timeout. Returns the failure instead if the
        request must not be sent again.
        """
        self.arguments = self.operation.less_timeout(self.arguments, now - self.started)
        self.started = now
        same_instance = welcome.instance == before
        try:
            check_resend(self.operation, resumed=welcome.resumed, same_instance=same_instance)
        except OutcomeUnknown as error:
            return self.failure(error)
        return None

    def failure(self, error: SharedStateError) -> Message:
        """Return the reply that says that the request failed with `error`."""
        return [self.number, None, WIRE_NAMES[type(error)], [str(error)]]

    def is_overdue(self, now: float, timeout: float) -> bool:
        """Return whether a reply should have come by now."""
        if not self.operation.may_wait(self.arguments):
            return True
        own = self.operation.timeout_of(self.arguments)
        return own is not None and now > self.started + own + timeout
