"""The witness: in which order the service carried the operations out.

`Service.receive` is where everything happens in order, so a request that is answered at once has
its place there; one that was parked has it where it is answered. Undone operations, and sessions
that end, stand in the same row. The checks of `linearizability` and `audits` read it.

Nothing of what is watched is changed: the methods are wrapped while a `Witness` watches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from unittest import mock

from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import HEADER_BYTES
from shared_state_server.lane import Lane
from shared_state_server.service import Service
from shared_state_server.session import Session

__all__ = ["Event", "Witness"]

IN_TURN = ("acquire", "get", "put")
"""Operations whose waiters are served in the order in which they came. Sleepers of a condition are
not: they are served when they have been notified and have the lock again."""

Key = tuple[bytes, int]
"""A session's id and the number of a request: a call, wherever it is spoken of."""


class Event(NamedTuple):
    """Something that happened in the service: ``step``, ``undo``, or ``end`` of a session."""

    kind: str
    session: bytes
    number: int
    at: int
    """How many events of the history there were before."""


class Parked(NamedTuple):
    """A request that waits, and before what: an object and an operation make a line."""

    lane: Lane
    number: int
    line: tuple[str, str]


class Witness:
    """What one service did. `history_events` tells how far the history is.

    `out_of_turn` are the requests that were served while somebody had waited longer. `lost` is
    called when a session's connection is over, and told whether that was in order; `ended` when the
    session is.
    """

    def __init__(self, history_events: Callable[[], int]) -> None:
        self.events: list[Event] = []
        self.out_of_turn: list[Key] = []
        self.lost: Callable[[Session, bool], None] = lambda session, orderly: None
        self.ended: Callable[[Session], None] = lambda session: None
        self._history_events = history_events
        self._parked: dict[tuple[Lane, int], Parked] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every service of this process."""
        with (
            mock.patch.object(Service, "receive", self._around_receive(Service.receive)),
            mock.patch.object(Service, "detach", self._around_detach(Service.detach)),
            mock.patch.object(Lane, "reply", self._around_reply(Lane.reply)),
            mock.patch.object(Session, "end", self._around_end(Session.end)),
        ):
            yield

    def _note(self, kind: str, session: Session, number: int = 0) -> None:
        self.events.append(Event(kind, session.id, number, self._history_events()))

    def _around_receive(self, receive: Callable[..., None]) -> Callable[..., None]:
        def watched(service: Service, lane: Lane, payload: bytes) -> None:
            number, _, operation, name, *_ = messages.read(payload)
            is_new = number and number not in lane.replies and number not in lane.waiters
            place = len(self.events)
            if is_new:
                self._parked.pop((lane, number), None)  # it was withdrawn, and is sent again
            if is_new and not lane.session.is_over:
                self._note("step", lane.session, number)
            receive(service, lane, payload)
            if is_new and number in lane.waiters:
                del self.events[place]
                self._parked[lane, number] = Parked(lane, number, (name, operation))

        return watched

    def _around_detach(self, detach: Callable[..., None]) -> Callable[..., None]:
        def watched(service: Service, lane: Lane, send: Any, *, orderly: bool) -> None:
            if lane.send == send:
                self.lost(lane.session, orderly)
            detach(service, lane, send, orderly=orderly)

        return watched

    def _around_reply(self, reply: Callable[..., None]) -> Callable[..., None]:
        def watched(lane: Lane, number: int, frame: bytes, undo: Any) -> None:
            if (lane, number) in self._parked:
                self._note("step", lane.session, number)
                operation = self._parked[lane, number].line[1].partition(".")[2]
                if operation in IN_TURN and _is_success(frame, operation):
                    self._check_turn(lane, number)
                del self._parked[lane, number]
            reply(lane, number, frame, undo and self._around_undo(lane, number, undo))

        return watched

    def _around_undo(
        self, lane: Lane, number: int, undo: Callable[[float], None]
    ) -> Callable[[float], None]:
        def watched(now: float) -> None:
            self._note("undo", lane.session, number)
            undo(now)

        return watched

    def _around_end(self, end: Callable[..., None]) -> Callable[..., None]:
        def watched(session: Session, now: float) -> None:
            self._note("end", session)
            self.ended(session)
            end(session, now)

        return watched

    def _check_turn(self, lane: Lane, number: int) -> None:
        """See that nobody waits longer in the same line."""
        served = self._parked[lane, number]
        for key, parked in list(self._parked.items()):
            if parked is served:
                return
            if parked.number not in parked.lane.waiters:
                del self._parked[key]  # it has left since
            elif parked.line == served.line:
                self.out_of_turn.append((lane.session.id, number))
                return


def _is_success(frame: bytes, operation: str) -> bool:
    message = messages.read(frame[HEADER_BYTES:])
    in_vain = operation == "acquire" and message[1] is None  # else it is a grant
    return len(message) == messages.ANSWER_PARTS and not in_vain
