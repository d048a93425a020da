"""The service: objects, sessions, and what one request does to them.

No sockets and no clock: lanes are given a function that sends, and the time is a function that is
passed in, so a whole service can run on virtual time. Everything happens in the order in which
`receive` is called; that order is the history of every object.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from shared_state_protocol.contract import contract_name
from shared_state_protocol.errors import (
    ObjectNotFound,
    OutcomeUnknown,
    ProtocolError,
    ServerClosing,
    StaleFence,
    TypeMismatch,
    to_wire,
)
from shared_state_protocol.names import check_name, shown
from shared_state_protocol.objects import CONTRACTS
from shared_state_protocol.state import State
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.handshake import Hello
from shared_state_protocol.wire.large import Frame, Pieces

from .dispatch import Row, table_of
from .memory import BEHAVIOURS
from .memory.holder import Holder, Owned
from .session import Lane, OwnerFields, Session, fields_of
from .waiting import PARKED, Call, Deadlines, Undo

__all__ = ["Service"]

BATCH_REPLY_BYTES = 8 * 1024 * 1024
"""Of values in the reply to one batch, the last one apart; the client asks for the rest."""

STATE = ""
"""The name under which the service itself is addressed; no object can have it."""

_TABLE = table_of(zip(CONTRACTS, BEHAVIOURS, strict=True))

log = logging.getLogger(__name__)


InfoFields = tuple[str, str, int, list[OwnerFields], int]
"""The fields of `shared_state_protocol.state.ObjectInfo`."""


LockFields = tuple[str, str, list[tuple[OwnerFields, int, int, bool]], list[OwnerFields]]
"""The fields of `shared_state_protocol.state.LockInfo`."""


class Object:
    """A named behaviour."""

    __slots__ = ("behaviour", "type")

    def __init__(self, type_name: str, behaviour: Any) -> None:
        self.type = type_name
        self.behaviour = behaviour

    def describe(self, name: str, now: float) -> InfoFields:
        """Return what people want to know of it."""
        behaviour = self.behaviour
        owners: list[Any] = behaviour.owners(now) if hasattr(behaviour, "owners") else []
        waiters = behaviour.waiters() if hasattr(behaviour, "waiters") else 0
        return name, self.type, behaviour.size(), owners, waiters

    def describe_lock(self, name: str, now: float) -> LockFields:
        """Return who holds it and who waits for it."""
        lock: Owned = self.behaviour
        holdings = [
            (holder.owner(now), holder.agent, holder.token, holder.abandoned)
            for holder in lock.holders()
        ]
        waiters = [waiter.lane.owner(now - waiter.since) for waiter in lock.lined_up()]
        return name, self.type, holdings, waiters


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
        self._last_token = last_token
        self._objects = {STATE: Object(contract_name(State), Directory(self))}
        self._table = {**_TABLE, **table_of([(State, Directory)])}
        self._batch_row = self._table[State.batch.wire]

    # Objects

    def share(self, name: str, type_name: str) -> None:
        """Create an object if there is none of that name.

        Raises:
            TypeMismatch: there is one of another type.
            ValueError: there is no such type.
        """
        row = self._table.get(f"{type_name}.open")
        if row is None:
            known = ", ".join(contract_name(contract) for contract in CONTRACTS)
            raise ValueError(f"there is no type {type_name!r}; there are {known}")
        try:
            self._open(row, name, [])
        except TypeError as error:
            if isinstance(error, TypeMismatch):
                raise
            raise ValueError(
                f"{name}={type_name}: {_article(type_name)} needs options, which a client gives"
            ) from error

    def delete(self, name: str) -> bool:
        """Remove an object and fail whoever waits on it; return whether there was one."""
        found = self._objects.get(name)
        if found is None or name == STATE:
            return False
        del self._objects[name]
        if hasattr(found.behaviour, "fail_all"):
            found.behaviour.fail_all(ObjectNotFound(f"{name!r} was deleted"))
        if isinstance(found.behaviour, Owned):
            self._last_token = max(self._last_token, found.behaviour.last_token)
        return True

    def listing(self, now: float) -> list[InfoFields]:
        """Return what there is, ordered by name."""
        return [self._objects[name].describe(name, now) for name in sorted(self._objects) if name]

    def locks(self, now: float) -> list[LockFields]:
        """Return what is held or waited for, by whom, ordered by name."""
        return [
            self._objects[name].describe_lock(name, now)
            for name in sorted(self._objects)
            if isinstance(lock := self._objects[name].behaviour, Owned)
            and (lock.holders() or lock.waiters())
        ]

    def _open(self, row: Row, name: str, arguments: list[Any]) -> None:
        found = self._objects.get(name)
        if found is None:
            check_name(name)
            behaviour = self._create(row, arguments)
            if isinstance(behaviour, Owned):
                behaviour.settle(name, self._last_token)
            self._objects[name] = Object(row.type, behaviour)
        elif found.type != row.type:
            raise TypeMismatch(f"{name!r} is a {found.type}, not a {row.type}")

    def _create(self, row: Row, arguments: list[Any]) -> Any:
        if row.wants_find:
            return row.behaviour(*arguments, find=self.behaviour_of)
        return row.behaviour(*arguments)

    def behaviour_of(self, name: str, made_as: str | None = None) -> Any:
        """Return the behaviour named `name`, for one that works with another.

        If there is none, it is made as one of the type `made_as`.
        """
        check_name(name)
        if made_as is not None and name not in self._objects:
            self.share(name, made_as)
        found = self._objects.get(name)
        if found is None:
            raise ObjectNotFound(f"there is no object named {shown(name)}")
        return found.behaviour

    # Requests

    def receive(self, lane: Lane, payload: bytes | Pieces) -> None:  # noqa: C901  # all requests' way
        """Carry out one message of a client, and send the reply unless it has to wait.

        Raises:
            ProtocolError: the message is none; the connection cannot go on.
        """
        try:
            number, acknowledged, wire, name, *arguments = messages.read(payload)
        except ValueError:
            raise ProtocolError("a message of too few parts") from None
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
            row = self._row(wire)
            if lane.is_full and row.changes:
                lane.tell_failure(number, lane.refusal())
                return
            result, undo = self._carry_out(row, lane, number, name, arguments)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client has to know
            _log_defect(wire, error)
            tell = lane.fail if row is not None and row.changes else lane.tell_failure
            tell(number, error)
            return
        if result is PARKED:
            return
        if row.changes:
            lane.reply(number, messages.answer(number, result), undo)
        else:
            lane.tell(number, result)

    def _row(self, wire: str) -> Row:
        row = self._table.get(wire)
        if row is None:
            raise ProtocolError(f"there is no operation {shown(wire)} here")
        if self._closing:
            raise ServerClosing("the server is going down")
        return row

    def _carry_out(
        self,
        row: Row,
        lane: Lane,
        number: int,
        name: str,
        arguments: list[Any],
        guard: Holder | None = None,
    ) -> tuple[Any, Undo | None]:
        """Carry out one request; return its result, or `PARKED`, and how to undo it."""
        if not row.knows(arguments):
            fence = row.take_fence(arguments)
            if fence is not None:
                return self._carry_out_guarded(row, lane, number, name, arguments, fence)
            row.check(arguments)
        if row.changes and not self._allow_pickle:
            row.refuse_pickles(arguments)
        if row.is_plain:
            found = self._objects.get(name)
            if found is not None and type(found.behaviour) is row.behaviour:
                return row.method(found.behaviour, *arguments), None
        elif row.opens:
            self._open(row, name, arguments)
            return None, None
        method = getattr(self._find(row, name), row.name)
        if row.wants_call:
            call = Call(lane, number, self.clock(), guard)
            return method(call, *arguments), call.undo
        result = method(*arguments)
        return lane.session.cursors.begin(result) if row.batched else result, None

    def _carry_out_guarded(
        self,
        row: Row,
        lane: Lane,
        number: int,
        name: str,
        arguments: list[Any],
        fence: tuple[str, int],
    ) -> tuple[Any, Undo | None]:
        """Carry out one request if the lock that its fence names is held by that token."""
        guard = self._holder_of(*fence)
        made = self._carry_out(row, lane, number, name, arguments, guard)
        if made[0] is PARKED:
            guard.guard(lane.waiters[number])
        return made

    def _holder_of(self, lock: str, token: int) -> Holder:
        found = self._objects.get(lock)
        if found is not None and isinstance(found.behaviour, Owned):
            holder = found.behaviour.holder_of(token)
            if holder is not None:
                return holder
        raise StaleFence(f"{shown(lock)} is not held with the token {token} any more")

    def carry_out_many(self, call: Call, requests: Any) -> list[Any]:
        """Carry out the requests of a batch until the replies have become large."""
        if type(requests) is not list:
            raise ProtocolError("a batch that is no array")
        replies: list[Any] = []
        size = 0
        for request in requests:  # pyright: ignore[reportUnknownVariableType]  # of whatever
            reply = self._part_of_batch(call, request)
            replies.append(reply)
            if type(reply[1]) is bytes:
                size += len(reply[1])
                if size > BATCH_REPLY_BYTES:
                    break
        return replies

    def _part_of_batch(self, call: Call, request: Any) -> tuple[Any, ...]:
        try:
            wire, name, *arguments = request
            row = self._row(wire)
            if row.is_alone or row is self._batch_row:
                raise ProtocolError(f"{wire} cannot be part of a batch")
            result, _ = self._carry_out(row, call.lane, call.number, name, arguments)
        except Exception as error:  # noqa: BLE001  # as above
            _log_defect("a batch", error)
            return 0, None, *fields_of(error)
        return 0, result

    def _find(self, row: Row, name: str) -> Any:
        found = self._objects.get(name)
        if found is None:
            raise ObjectNotFound(f"there is no object named {shown(name)}")
        behaviour = found.behaviour
        if not isinstance(behaviour, row.behaviour):
            raise TypeMismatch(f"{name!r} is a {found.type}, not a {row.type}")
        return behaviour

    def _is_repeat(self, lane: Lane, number: int, wire: str) -> bool:
        """Return whether a request was carried out before or still waits; answer it from memory.

        A query is not remembered, nor a wait that ended with the connection: they begin anew. No
        other request does of which there is no memory.
        """
        if number <= lane.acknowledged:
            raise ProtocolError("a request whose reply was acknowledged before")
        repeat = lane.repeat(number, self.clock())
        if repeat is None:
            row = self._table.get(wire)
            repeat = row is not None and row.changes
            if repeat:
                lane.tell_failure(number, OutcomeUnknown(f"{wire} was received before"))
        return repeat

    def _notice(self, lane: Lane, kind: Any, arguments: list[Any]) -> None:
        if not arguments or any(type(each) is not int for each in arguments):
            raise ProtocolError("a notice without a number")
        if kind == messages.ARRIVED:
            lane.arrived(arguments[0], set(arguments[1:]))
        elif len(arguments) != 1:
            raise ProtocolError("a notice of several numbers")
        elif kind == messages.CONFIRM:
            lane.confirm(arguments[0])
        elif kind == messages.CANCEL:
            lane.cancel(arguments[0], self.clock())
        elif kind == messages.LEAVE:
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
        lane.withdraw_all(self.clock())
        lane.send = send
        return lane, known

    def detach(self, lane: Lane, send: Callable[[Frame], None], *, orderly: bool) -> None:
        """Take the connection that sent by `send` from its lane, unless it has another by now.

        The last connection of a process that is gone closes in order: its session ends now. One
        that broke may be followed by another within the grace period. So may one of several, in
        whatever way it closed: its lane stays until its thread leaves or the session ends.
        """
        if lane.send != send:
            return
        lane.send = None
        lane.withdraw_all(self.clock())
        session = lane.session
        if session.is_connected or session.is_over or lane.number not in session.lanes:
            return
        if orderly or self._closing:
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
        for session in self.sessions.values():
            for lane in session.lanes.values():
                for waiter in list(lane.waiters.values()):
                    waiter.fail(ServerClosing("the server is going down"))

    def expire(self) -> None:
        """End the waits whose time is over."""
        now = self.clock()
        for waiter in self.deadlines.due(now):
            waiter.expire(now)


class Directory:
    """Keeps the contract `shared_state_protocol.state.State`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def objects(self) -> list[InfoFields]:
        return self._service.listing(self._service.clock())

    def locks(self, call: Call) -> list[LockFields]:
        return self._service.locks(call.now)

    def delete(self, name: str) -> bool:
        return self._service.delete(name)

    def batch(self, call: Call, requests: Any) -> list[Any]:
        return self._service.carry_out_many(call, requests)

    def version(self) -> str:
        return self._service.version

    def next_batch(self, call: Call, cursor: int) -> tuple[int | None, Sequence[Any]]:
        return call.lane.session.cursors.next(cursor)

    def close_cursor(self, call: Call, cursor: int) -> None:
        call.lane.session.cursors.close(cursor)


def _log_defect(place: str, error: Exception) -> None:
    """Write down an error that no client is told of in detail."""
    if to_wire(error) is None:
        log.error("a defect in %s", place, exc_info=error)


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _log_end(session: Session) -> None:
    """Name what a session abandons, for who wonders why a lock was free or an item came again."""
    others = 0
    for stake in session.stakes:
        if isinstance(stake, Owned):
            log.warning("%s ended while it held %s", _who(session), shown(stake.name))
        else:
            others += 1
    if others:
        log.warning("%s ended while it had a part in %d other objects", _who(session), others)


def _who(session: Session) -> str:
    return f"{session.hello.host} pid {session.hello.pid}"
