"""The connection of one client of the standard library.

It takes a transport over from `..connection.Connection`, once the first bytes of the client have
shown which protocol it speaks. Such a client is in lock step: it sends a request and reads the
reply. So a second request while the first is still being carried out means one thing: the first was
interrupted, and nobody will read its reply. It is withdrawn, and what it would have taken stays.

A client that is gone never says whether it had read the last reply. The kernel knows: one that
closes with bytes unread resets the connection, and one that was gone before they came has not
acknowledged them. Only then is what the reply handed over taken back.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import pickle
import re
import select
import socket
import struct
import termios
import threading
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from shared_state_protocol.errors import AuthenticationError, ProtocolError
from shared_state_protocol.wire.connection import HANDSHAKE_TIMEOUT_S
from shared_state_protocol.wire.handshake import REFUSAL, VERSION, Hello
from shared_state_protocol.wire.stdlib import FrameReader, ServerOpening

from ..hall import Hall
from ..session import Session
from .classes import Elsewhere
from .entries import Entry
from .lane import StdlibLane
from .local import LocalProxy
from .messages import RETURN, TRACEBACK, Reply, is_xml, read_xml, write
from .office import Office
from .takings import Undo, is_acquired, is_released, is_taken, put_back
from .worker import Worker

__all__ = ["StdlibConnection"]

NEXT_REQUEST_MS = 250
"""For which a worker waits for its client's next request itself: a client at work is spared the way
through the loop. The thread is this connection's anyway; but it ends its wait before a server that
is going down ends its own."""

STUCK_S = 0.1
"""After which a request that is still being carried out has its connection watched by the loop."""

READ_BYTES = 65536
"""Read at once by a worker: nearly every request is shorter."""

TCP_CLOSED = 7
"""Linux's TCP_CLOSE: the peer has answered our last bytes with a reset."""

_UCRED = struct.Struct("3i")
_OUR_SESSION = re.compile(r" \(session ([0-9a-f]{32}) thread (\d+)(?: at (\S+) (\d+))?\)\Z")
"""What our own clients add to their names: connections of one process are one session. One that has
come by a Unix socket also says by which address it knows us."""

MAX_BACKLOG = 16
"""Requests that nobody waits for; a client that has interrupted more of them is none."""

_RLOCK = type(threading.RLock())

log = logging.getLogger(__name__)


class _Job:
    """The requests that a worker carries out in a row.

    While `reads` it takes them from the socket itself, and the loop leaves that alone; `is_waiting`
    says that it does so just now. `count` is how many there were, and `perform` carries out the
    next one.
    """

    __slots__ = ("count", "is_given_up", "is_waiting", "perform", "reads")

    def __init__(self, perform: Callable[[], Reply | None]) -> None:
        self.perform: Callable[[], Reply | None] | None = perform
        self.is_given_up = False
        self.is_waiting = False
        self.reads = True
        self.count = 0


class StdlibConnection(asyncio.Protocol):
    """One connection, from the first bytes of the handshake to its close."""

    def __init__(self, hall: Hall, office: Office, host: str, transport: Any, nonce: bytes) -> None:
        self._hall = hall
        self._office = office
        self._host = host
        self._transport = transport
        self._socket: Any = transport.get_extra_info("socket")
        self._address: Any = self._socket.getsockname() or office.address
        self._opening: ServerOpening | None = ServerOpening(hall.settings.authkey, nonce)
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.call_later(
            HANDSHAKE_TIMEOUT_S, self._refuse, "no handshake in time"
        )
        self._reader = FrameReader(office.max_frame_bytes)
        self._lane: StdlibLane | None = None
        self._number = 0
        self._xml = False
        self._is_ours = False
        self._is_authenticated = False
        self._met_local = False
        self._sent: list[Entry] = []
        # What a worker and the loop both change, each under `_turn`.
        self._turn = threading.Lock()
        self._job: _Job | None = None
        self._backlog: deque[bytes] = deque()
        self._worker: Worker | None = None
        self._worker_fd = -1
        self._worker_poll = select.poll()
        self._is_closed = False
        self._was_reset = False
        # What a worker alone changes.
        self._undo: Undo | None = None
        self._rlocks: list[Entry] = []

    # Opening

    def data_received(self, data: bytes) -> None:
        if self._opening is not None:
            self._open(self._opening, data)
            return
        try:
            payloads = self._reader.feed(data)
        except ProtocolError as error:
            self._cut_off(str(error))
            return
        for payload in payloads:
            self._take(payload)

    def _open(self, opening: ServerOpening, data: bytes) -> None:
        try:
            said = opening.receive(data)
        except AuthenticationError as error:
            self._refuse(str(error))
            return
        if said:
            self._transport.write(said)
        if opening.is_open:
            self._deadline.cancel()
            self._opening = None
            self._is_authenticated = True
            self._hall.admission.authenticated(self._host)
            if opening.rest:
                self.data_received(opening.rest)

    def _refuse(self, reason: str) -> None:
        log.warning("refused a peer from %s: %s", self._host or "this host", reason)
        self._deadline.cancel()
        self._transport.write(REFUSAL)
        self._transport.close()

    def begin_calls(self, name: Any) -> None:
        """Be the connection of one thread of the client from now on."""
        name = str(name)
        found = _OUR_SESSION.search(name)
        sessions = self._hall.service.sessions
        pid = self._peer_pid()
        self._is_ours = found is not None
        identity = bytes.fromhex(found[1]) if found else self._office.presence.identity_of(pid)
        thread = name[: found.start()] if found else name
        number = 1
        session = sessions.get(identity)
        if session is not None:
            number = max(session.lanes, default=0) + 1
        hello = Hello(VERSION, "", b"", identity, number, False, self._host, pid, thread)
        if session is None:
            session = sessions[identity] = Session(hello)
        agent = int(found[2]) if found else number
        if found and found[3]:
            self._address = found[3], int(found[4])
        lane = StdlibLane(session, hello, self._hall.service.deadlines, agent, self.send)
        lane.send = self._transport.write
        session.lanes[number] = self._lane = lane

    def near_path(self) -> str:
        """Return the path at which clients of this host find the server too."""
        return self._hall.unix_path

    def _peer_pid(self) -> int:
        if self._socket.family != socket.AF_UNIX or not hasattr(socket, "SO_PEERCRED"):
            return 0
        found = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(found)[0])

    # Requests

    def _take(self, payload: bytes) -> None:
        """Carry a request out, or keep it until a worker has ended the one before."""
        with self._turn:
            if self._job is not None:
                self._job.is_given_up = True
                self._backlog.append(payload)
                if len(self._backlog) > MAX_BACKLOG:
                    self._cut_off("it sends requests without reading replies")
                return
        self._begin(payload)

    def _begin(self, payload: bytes) -> None:
        self._count_request()
        if self._lane is not None and self._lane.waiters:
            self._lane.withdraw_all(self._hall.service.clock())
        try:
            request = self._load(payload, here=True)
        except Elsewhere:
            self._start_job(partial(self._load_and_perform, payload))
        except Exception:  # noqa: BLE001  # whatever a client has sent
            self.send((TRACEBACK, traceback.format_exc()))
        else:
            self._carry_out(request)

    def _count_request(self) -> None:
        """Begin another: whoever sends it has the last reply, and has counted its proxies."""
        self._number += 1
        if self._sent:
            self._sent.clear()
        if self._lane is not None:
            self._lane.undo = None

    def _load(self, payload: bytes, *, here: bool) -> Any:
        self._met_local = False
        self._xml = is_xml(payload)
        if self._xml:
            request = read_xml(payload)
        else:
            request = self._office.classes.load(payload, self._rebuild, here=here)
        ident, method, args, kwds = request
        if type(method) is not str or type(kwds) is not dict:
            raise pickle.UnpicklingError("a request that is none")
        return ident, method, args, kwds

    def _rebuild(self, *args: Any, here: bool) -> LocalProxy:
        self._met_local = True
        return self._office.rebuild(*args, here=here)

    def _carry_out(self, request: Any) -> None:
        ident, method, args, kwds = request
        if self._lane is None:
            self._ask_office(method, args, kwds)
            return
        try:
            entry = self._office.entries.find(ident)
        except (KeyError, TypeError):
            self.send((TRACEBACK, traceback.format_exc()))
            return
        if entry.is_adapter:
            self._call_adapter(entry, method, args, kwds)
        elif entry.is_plain and not self._met_local:
            self.send(self._office.perform(entry, method, args, kwds))
        else:
            self._start_job(partial(self._perform, entry, method, args, kwds))

    def _call_adapter(self, entry: Entry, method: str, args: Any, kwds: Any) -> None:
        if self._lane is None:
            return
        if method in entry.exposed:
            self._office.call_adapter(self._lane, self._number, entry, method, args, kwds)
        else:
            self.send(self._office.perform(entry, method, args, kwds))

    def _ask_office(self, function: str, args: Any, kwds: Any) -> None:
        office = self._office
        if function not in office.public:
            self.send((TRACEBACK, f"AssertionError: {function!r} unrecognized\n"))
            return
        perform = partial(self._office_reply, function, args, kwds)
        if self._may_ask_here(function, args):
            reply = perform()
            if reply is not None:
                self.send(reply)
            if self._lane is None:
                self._transport.close()
        else:
            self._start_job(perform)

    def _may_ask_here(self, function: str, args: Any) -> bool:
        if function == "create":
            return not self._met_local and bool(args) and self._office.may_create_here(args[0])
        if function == "decref":
            return not args or self._office.may_drop_here(args[0])
        return function in {
            "accept_connection", "dummy", "get_methods", "incref", "near", "number_of_objects",
            "shutdown",
        }  # fmt: skip

    def _office_reply(self, function: str, args: Any, kwds: Any) -> Reply | None:
        """Return the reply, or None where the office has sent it itself."""
        try:
            result = getattr(self._office, function)(self, *args, **kwds)
        except Exception:  # noqa: BLE001  # whatever a registered callable raises
            return TRACEBACK, traceback.format_exc()
        return None if function in {"accept_connection", "shutdown"} else (RETURN, result)

    # Jobs

    def _start_job(self, perform: Callable[[], Reply | None]) -> None:
        if self._worker is None:
            self._worker = self._office.workers.take()
            self._worker_fd = os.dup(self._socket.fileno())
            self._worker_poll.register(self._worker_fd, select.POLLIN)
        job = _Job(perform)
        self._job = job
        self._transport.pause_reading()
        self._loop.call_later(STUCK_S, self._watch, job, job.count)
        self._worker.run(partial(self._run, job))

    def _watch(self, job: _Job, count: int) -> None:
        """Read from the client again if its request takes long: it may interrupt it, or die."""
        with self._turn:
            if self._job is not job or not job.reads or self._transport.is_closing():
                return
            is_stuck = job.count == count and not job.is_waiting
            job.reads = not is_stuck
        if is_stuck:
            self._transport.resume_reading()
        else:
            self._loop.call_later(STUCK_S, self._watch, job, job.count)

    def _load_and_perform(self, payload: bytes) -> Reply | None:
        """Do on a worker what `_begin` could not do in the loop."""
        try:
            is_users = False
            try:
                ident, method, args, kwds = self._load(payload, here=True)
            except Elsewhere:
                is_users = True
                ident, method, args, kwds = self._load(payload, here=False)
            if self._lane is None:
                return self._ask_office_here(method, args, kwds)
            entry = self._office.entries.find(ident)
        except Exception:  # noqa: BLE001  # whatever a client has sent
            return TRACEBACK, traceback.format_exc()
        if entry.is_adapter:
            self._loop.call_soon_threadsafe(self._call_adapter, entry, method, args, kwds)
            return None
        entry.is_plain = entry.is_plain and not is_users  # else somebody's code is in it now
        return self._perform(entry, method, args, kwds)

    def _perform(self, entry: Entry, method: str, args: Any, kwds: Any) -> Reply:
        """Call users' code, on a worker, and take note of what the client takes by it."""
        kind, content = self._office.perform(entry, method, args, kwds)
        if kind == RETURN and entry.holdings is not None:
            if is_acquired(entry.obj, method, content):
                self._undo = self._hold(entry)
            elif is_taken(entry.obj, method):
                self._undo = partial(put_back, entry.obj, content)
            elif is_released(entry.obj, method):
                self._let_go(entry)
        return kind, content

    def _hold(self, entry: Entry) -> Undo | None:
        """Take note of a lock; return how to give it back if the client has not heard of it."""
        lane = self._lane
        if type(entry.obj) is _RLOCK:  # this thread's, whatever other connections the client has
            self._rlocks.append(entry)
            return None
        if lane is None or entry.holdings is None:
            release: Undo = entry.obj.release
            return release
        entry.holdings.add(lane.session)
        return partial(entry.holdings.undo, lane.session)

    def _let_go(self, entry: Entry) -> None:
        lane = self._lane
        if entry in self._rlocks:
            self._rlocks.remove(entry)
        elif lane is not None and entry.holdings is not None:
            entry.holdings.remove(lane.session)

    def _end_worker(self) -> None:
        """Give back, on the worker, what only its thread can."""
        os.close(self._worker_fd)
        for entry in self._rlocks:
            entry.obj.release()

    def _ask_office_here(self, function: str, args: Any, kwds: Any) -> Reply | None:
        if function not in self._office.public:
            return TRACEBACK, f"AssertionError: {function!r} unrecognized\n"
        return self._office_reply(function, args, kwds)

    def _run(self, job: _Job) -> None:
        """Carry out requests, on a worker, as long as the client sends one after the other.

        Nothing of one is held while the next is awaited: it may be the last that holds an object.
        """
        while job.perform is not None:
            perform, job.perform = job.perform, None
            reply = perform()
            del perform
            goes_on = self._finish(job, reply)
            del reply
            if goes_on:
                job.perform = self._next(job)

    def _finish(self, job: _Job, reply: Reply | None) -> bool:
        """Send a reply from this thread; return whether to wait for the next request here."""
        data = b"" if reply is None else self._written(reply)
        with self._turn:
            undo, self._undo = self._undo, None
            is_gone = job.is_given_up or self._lane is None
            if undo is not None and not is_gone and self._lane is not None:
                self._lane.undo = lambda now: undo()
            if data and not job.is_given_up and not self._is_closed:
                data = self._send_directly(data)
            goes_on = reply is not None and not data and self._lane is not None
            job.is_waiting = goes_on and job.reads and not self._backlog
            if job.is_waiting:
                return True
            self._job = None
        if undo is not None and is_gone:
            undo()
        self._give_back(job, b"" if job.is_given_up else data)
        return False

    def _next(self, job: _Job) -> Callable[[], Reply | None] | None:
        """Return how to carry out the client's next request; None if it sends none for a while."""
        payload = self._read_here()
        with self._turn:
            job.is_waiting = False
            job.count += 1
            if payload is None:
                self._job = None
        if payload is None:
            self._give_back(job, b"")
            return None
        self._count_request()
        return partial(self._load_and_perform, payload)

    def _read_here(self) -> bytes | None:
        """Read one request; what is incomplete or more than one is left to the loop."""
        if not self._worker_poll.poll(NEXT_REQUEST_MS):
            return None
        try:
            payloads = self._reader.feed(os.read(self._worker_fd, READ_BYTES))
        except ProtocolError as error:
            self._loop.call_soon_threadsafe(self._cut_off, str(error))
            return None
        except OSError:
            self._was_reset = True
            return None
        self._backlog.extend(payloads[1:])
        return payloads[0] if payloads else None

    def _give_back(self, job: _Job, data: bytes) -> None:
        """Let the loop read from the client again, and send what is left to send."""
        if job.reads or data or self._backlog or self._lane is None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended
                self._loop.call_soon_threadsafe(self._go_on, job, data)

    def _send_directly(self, data: bytes) -> bytes:
        """Send from this thread, which saves the loop a turn; return what is left."""
        try:
            return data[os.write(self._worker_fd, data) :]
        except OSError:
            return data

    def _go_on(self, job: _Job, data: bytes) -> None:
        if self._is_closed or self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        if self._backlog:
            self._begin(self._backlog.popleft())
        elif self._lane is None:
            self._transport.close()
        if job.reads and self._job is None:
            self._transport.resume_reading()

    # Replies

    def send(self, reply: Reply) -> None:
        """Send a reply, from the event loop."""
        if not self._is_closed:
            self._transport.write(self._written(reply))

    def _written(self, reply: Reply) -> bytes:
        return write(reply, xml=self._xml, address=self._address, sent=self._sent)

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._job is None or not self._job.reads:
            self._transport.resume_reading()

    # Closing

    def close(self) -> None:
        """Close once everything that was said has left."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _cut_off(self, reason: str) -> None:
        log.warning("cut off a client from %s: %s", self._host or "this host", reason)
        self._transport.abort()

    def eof_received(self) -> None:
        # Now, and not once the transport has closed: until then somebody might serve its waiter.
        self._leave(undelivered=self._was_reset or self._has_unread_bytes())

    def _has_unread_bytes(self) -> bool:
        """Return whether the client was gone before our last bytes reached it."""
        if self._transport.get_write_buffer_size():
            return True
        try:
            unacknowledged = bytearray(4)
            fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, unacknowledged)
            if int.from_bytes(unacknowledged, "little"):
                return True
            if self._socket.family == socket.AF_UNIX:
                return False
            state = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        except OSError:
            return False
        return bool(state[0] == TCP_CLOSED)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hall.leave(self)
        self._deadline.cancel()
        with self._turn:
            self._is_closed = True
            if self._job is not None:
                self._job.is_given_up = True
        if self._worker is not None:
            self._worker.run(self._end_worker)
            self._worker.release()
        if not self._is_authenticated:
            self._hall.admission.gave_up(self._host)
            return
        self._hall.admission.left()
        self._leave(undelivered=exc is not None or self._was_reset)

    def _leave(self, *, undelivered: bool) -> None:
        """Take the connection from its lane; the last one of a session ends it."""
        with self._turn:
            lane, self._lane = self._lane, None
        if lane is None:
            return
        service = self._hall.service
        now = service.clock()
        lane.send = None
        lane.withdraw_all(now)
        if not undelivered:
            lane.undo = None
        lane.undo_all(now)
        session = lane.session
        session.lanes.pop(lane.number, None)
        if not session.lanes:
            self._office.presence.leave(session, is_ours=self._is_ours)
