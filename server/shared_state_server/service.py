"""The service: sessions, and what one request does to the objects.

No sockets and no clock: lanes are given a function that sends, and the time is a function that is
passed in, so a whole service can run on virtual time. Everything happens in the order in which
`receive` is called; that order is the history of every object.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from shared_state_protocol.codec import PICKLE_MARK
from shared_state_protocol.errors import (
    OutcomeUnknown,
    ProtocolError,
    ServerClosing,
)
from shared_state_protocol.names import shown
from shared_state_protocol.objects import CONTRACTS
from shared_state_protocol.state import State
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.handshake import Hello
from shared_state_protocol.wire.large import Frame, Pieces

from .defects import log_defect
from .directory import Directory
from .dispatch import Row, knows_nothing, table_of
from .lane import Lane, fields_of
from .memory import BEHAVIOURS
from .memory.holder import Holder, Owned
from .objects import Objects
from .session import Session
from .waiting import PARKED, Call, Deadlines, Undo

__all__ = ["Service"]

BATCH_REPLY_BYTES = 8 * 1024 * 1024
"""Of values in the reply to one batch, the last one apart; the client asks for the rest."""

BATCH_RESULTS = 1000
"""In the reply to one batch, which is as many as our client asks for in one: some 3 ms of work."""

_TABLE = table_of(zip(CONTRACTS, BEHAVIOURS, strict=True))

Target = tuple[Callable[[list[Any]], bool], "int | None", Callable[..., Any], object]
"""What is known of an operation on one object: as `Row` has it, and the behaviour."""

_UNKNOWN: Target = (knows_nothing, None, knows_nothing, None)  # whose method nobody calls

log = logging.getLogger(__name__)


class Service:
    """All objects and sessions of one server.

    `clock` returns monotonic seconds; `session_grace` is for how many of them a session whose
    connection broke is kept for the client to come back; `later` runs a function after so many;
    `alarm` is told a time at which `expire` is to be called; `last_token` is one that no lock had
    before.
    """

    def __init__(
        self,
        *,
        version: str,
        clock: Callable[[], float],
        session_grace: float,
        later: Callable[[float, Callable[[], None]], object],
        alarm: Callable[[float], None],
        allow_pickle: bool = False,
        last_token: int = 0,
    ) -> None:
        self.version = version
        self.clock = clock
        self.deadlines = Deadlines(alarm)
        self.sessions: dict[bytes, Session] = {}
        self._session_grace = session_grace
        self._later = later
        self._allow_pickle = allow_pickle
        self._closing = False
        self._table = {**_TABLE, **table_of([(State, Directory)])}
        self._rows = self._table  # but for a server that is closing, which has none
        self.objects = Objects(self._table, Directory(self), last_token)
        self._objects = self.objects.by_name  # every request looks here

    # Requests

    def receive(self, lane: Lane, payload: bytes | Pieces) -> None:  # noqa: C901  # all requests' way
        """Carry out one message of a client, and send the reply unless it has to wait.

        Raises:
            ProtocolError: the message is none; the connection cannot go on.
        """
        try:
            number, acknowledged, wire, name, *arguments = messages.read(payload)
        except ValueError as error:
            raise ProtocolError(f"a message of too few parts: {error}") from None
        if (
            type(number) is not int
            or type(acknowledged) is not int
            or type(wire) is not str
            or type(name) is not str
            or number < 0
        ):
            raise ProtocolError("a message that is neither a request nor a notice")
        if number == 0:
            self._notice(lane, wire, arguments)
            return
        if acknowledged > lane.acknowledged:
            lane.acknowledge(acknowledged if acknowledged < number else number - 1)
        if lane.session.is_over:
            raise ProtocolError("a request of a session that is over")
        if number > lane.newest:
            lane.newest = number
        elif self._is_repeat(lane, number, wire):
            return
        row = None
        try:
            row = self._rows.get(wire) or self._refuse(wire)
            if lane.is_full and row.changes:
                lane.tell_failure(number, lane.refusal())
                return
            result, undo = self._carry_out(row, lane, number, name, arguments)
            if result is PARKED:
                return
            frame = messages.answer(number, result)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client has to know
            log_defect(wire, error)
            tell = lane.fail if row is not None and row.changes else lane.tell_failure
            tell(number, error)
            return
        if row.changes:
            lane.reply(number, frame, undo)
        else:
            lane.tell(frame)

    def _refuse(self, wire: str) -> Row:
        """Refuse an operation that does not exist, or any while the server is closing."""
        if wire in self._table:
            raise ServerClosing("the server is going down")
        raise ProtocolError(f"there is no operation {shown(wire)} here")

    def _carry_out(
        self,
        row: Row,
        lane: Lane,
        number: int,
        name: str,
        arguments: list[Any],
    ) -> tuple[Any, Undo | None]:
        """Carry out one request; return its result, or `PARKED`, and how to undo it.

        If it has a fence, the lock that this names has to be held by that token.
        """
        guard: Holder | None = None
        # `is_pickled` written out below: a function is 0.1 µs for each command.
        knows, value = row.knows, row.value
        if not knows(arguments) or (value is not None and arguments[value][:1] == PICKLE_MARK):
            fence = row.take_fence(arguments)
            if fence is not None:
                guard = self.objects.holder_of(*fence)
            if fence is None or value is not None or not row.knows(arguments):
                row.check(arguments)
                if row.changes and not self._allow_pickle:
                    row.refuse_pickles(arguments)
        if row.opens:
            self.objects.open(row, name, arguments)
            return None, None
        found = self._objects.get(name)
        if found is not None and type(found.behaviour) is row.behaviour:
            behaviour, method = found.behaviour, row.method
        else:
            behaviour = self.objects.find(row, name)
            method = getattr(behaviour.__class__, row.name)
        if row.wants_call:
            call = Call(lane, number, self.clock(), guard)
            result = method(behaviour, call, *arguments)
            if guard is not None and result is PARKED:
                guard.guard(lane.waiters[number])
            return result, call.undo
        result = method(behaviour, *arguments)
        return lane.session.cursors.begin(result) if row.is_stream else result, None

    def carry_out_many(
        self, call: Call, targets: Any, requests: Any
    ) -> tuple[list[Any], list[Any]]:
        """Carry out the requests of a batch until its results are many, or have become large.

        Returns the results, None for a request that failed, and of each of those its place, and the
        name and the arguments of its error.
        """
        if type(targets) is not list:
            raise _no_list("argument 1 (targets)", targets)
        if type(requests) is not list:
            raise _no_list("argument 2 (requests)", requests)
        parts: list[Any] = requests  # pyright: ignore[reportUnknownVariableType]  # of whatever
        known: dict[int, Target] = {}
        results: list[Any] = []
        failures: list[Any] = []
        size = 0
        for request in parts[:BATCH_RESULTS]:
            try:
                if type(request) is not list:  # a long text would become a list of its letters
                    raise _no_list(f"request {len(results)}", request)
                items: list[Any] = request  # pyright: ignore[reportUnknownVariableType]  # of whatever
                at, *arguments = items
                knows, value, method, behaviour = (
                    known.get(at, _UNKNOWN) if type(at) is int else _UNKNOWN
                )
                if (
                    knows(arguments)
                    and (
                        value is None
                        # Most values are below the mark, which is found out in a third of the time.
                        or arguments[value] < PICKLE_MARK
                        or arguments[value][:1] != PICKLE_MARK
                    )
                ):
                    # Not `*arguments` for two: 0.1 µs of the 0.7 µs that a small request takes.
                    if len(arguments) == 2:
                        result = method(behaviour, arguments[0], arguments[1])
                    else:
                        result = method(behaviour, *arguments)
                else:
                    result = self._carry_out_at(targets, at, arguments, call, known)  # pyright: ignore[reportUnknownArgumentType]  # of whatever
            except Exception as error:  # noqa: BLE001  # as above
                log_defect("a batch", error)
                failures.append((len(results), *fields_of(error)))
                result = None
            results.append(result)
            if result is not None:
                size += len(result) if type(result) is bytes else _bytes_in(result)
                if size > BATCH_REPLY_BYTES:
                    break
        return results, failures

    def _carry_out_at(
        self,
        targets: list[Any],
        at: Any,
        arguments: list[Any],
        call: Call,
        known: dict[int, Target],
    ) -> Any:
        """Carry out one request of a batch, and note what is now `known` of its target."""
        if type(at) is not int or not 0 <= at < len(targets):
            came = at if type(at) is int else type(at).__name__
            raise ProtocolError(f"state.batch has {len(targets)} targets, and none at place {came}")
        wire, name = targets[at]
        row = self._rows.get(wire) or self._refuse(wire)
        if row.is_alone:
            raise ProtocolError(f"{wire} cannot be part of a batch")
        changes_names = row.opens or row.behaviour is Directory
        if changes_names:
            known.clear()
        result, _ = self._carry_out(row, call.lane, call.number, name, arguments)
        if row.is_plain and not changes_names:
            behaviour = self._objects[name].behaviour
            if type(behaviour) is row.behaviour:
                known[at] = row.knows, row.value, row.method, behaviour
        return result

    def _is_repeat(self, lane: Lane, number: int, wire: str) -> bool:
        """Return whether a request was carried out before or still waits; answer it from memory.

        A query is not remembered, nor a wait that ended with the connection: they begin anew. No
        other request does of which there is no memory.
        """
        if number <= lane.acknowledged:
            raise ProtocolError(f"request {number} came again, whose reply was acknowledged before")
        repeat = lane.repeat(number, self.clock())
        if repeat is None:
            row = self._table.get(wire)
            repeat = row is not None and row.changes
            if repeat:
                lane.tell_failure(number, OutcomeUnknown(f"{wire} was received before"))
        return repeat

    def _notice(self, lane: Lane, kind: Any, arguments: list[Any]) -> None:
        if set(map(type, arguments)) != {int}:
            raise ProtocolError("a notice without a number")
        if kind == messages.ARRIVED:
            lane.arrived(arguments[0], set(arguments[1:]))
        elif len(arguments) != 1:
            raise ProtocolError(f"a notice of {len(arguments)} numbers instead of one")
        elif kind == messages.CONFIRM:
            lane.confirm(arguments[0])
        elif kind == messages.CANCEL:
            lane.cancel(arguments[0], self.clock())
        elif kind == messages.LEAVE:
            lane.withdraw_all(self.clock())
            lane.session.lanes.pop(lane.number, None)
        elif kind == messages.GOODBYE:
            self._end(lane.session)
        else:
            raise ProtocolError("a notice that does not exist")

    # Sessions

    def attach(self, hello: Hello, send: Callable[[Frame], None]) -> tuple[Lane, bool]:
        """Give a new connection its lane; return it, and whether it was known.

        A lane that was not is new even if its session is there: that may be one of the same name
        that another thread has begun since.
        """
        session = self.sessions.get(hello.session)
        if session is None:
            session = self.sessions[hello.session] = Session(hello)
        lane = session.lanes.get(hello.lane)
        known = lane is not None and lane.is_known
        if lane is None:
            lane = session.lanes[hello.lane] = Lane(session, hello, self.deadlines)
        lane.leave_arena()  # that of the connection before
        lane.withdraw_all(self.clock())
        lane.send = send
        return lane, known

    def detach(self, lane: Lane, send: Callable[[Frame], None], *, orderly: bool) -> None:
        """Take the connection that sent by `send` from its lane, unless it has another by now.

        The last connection of a process that is gone closes in order: its session ends now. One
        that broke may be followed by another within the grace period, and so may one whose thread
        has left. One of several has a lane that stays until its thread leaves or the session ends.
        """
        if lane.send != send:
            return
        lane.send = None
        lane.leave_arena()
        lane.withdraw_all(self.clock())
        session = lane.session
        if session.is_connected or session.is_over:
            return
        has_left = lane.number not in session.lanes
        if (orderly and not has_left) or self._closing:
            self._end(session)
        else:
            log.info("lost %s, waiting %g s for it", _who(session), self._session_grace)
            session.losses += 1
            loss = session.losses
            self._later(self._session_grace, lambda: self._end_if_lost(session, loss))

    def _end_if_lost(self, session: Session, loss: int) -> None:
        """End a session that has not come back since it was lost for the `loss`th time."""
        if session.losses == loss:
            self.end_if_lost(session)

    def end_if_lost(self, session: Session) -> None:
        """End a session that has no connection, because it cannot come back."""
        if session.is_lost:
            self._end(session)

    def _end(self, session: Session) -> None:
        if session.is_over:
            return
        session.is_over = True
        del self.sessions[session.id]
        _log_end(session)
        session.end(self.clock())

    def close(self) -> None:
        """Refuse requests from now on, and tell whoever waits."""
        self._closing = True
        self._rows = {}
        for session in self.sessions.values():
            for lane in session.lanes.values():
                for waiter in list(lane.waiters.values()):
                    waiter.fail(ServerClosing("the server is going down"))

    def expire(self) -> None:
        """End the waits whose time is over."""
        now = self.clock()
        for waiter in self.deadlines.due(now):
            waiter.expire(now)


def _bytes_in(result: Any) -> int:
    """Return how many bytes there are in a result, which may be several values."""
    if type(result) is bytes:
        return len(result)
    return sum(map(_bytes_in, result)) if type(result) in (list, tuple) else 0


def _no_list(what: str, came: object) -> ProtocolError:
    """Return the error of a batch that has something else where a list has to be."""
    return ProtocolError(f"state.batch: {what} has to be a list, not {type(came).__name__}")


def _log_end(session: Session) -> None:
    """Name what a session abandons, for who wonders why a lock was free or an item came again."""
    others = 0
    for stake in session.stakes:
        if isinstance(stake, Owned):
            log.warning("%s ended while it held %s", _who(session), shown(stake.name))
        else:
            others += 1
    if others:
        many = "1 other object" if others == 1 else f"{others} other objects"
        what = "a claim, an end of a pipe or a place at a barrier"
        log.warning("%s ended while it had a part in %s: %s", _who(session), many, what)


def _who(session: Session) -> str:
    return f"{session.hello.host} pid {session.hello.pid}"
