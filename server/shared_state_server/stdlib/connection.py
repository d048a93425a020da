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
import fcntl
import logging
import pickle
import re
import socket
import termios
import traceback
from functools import partial
from typing import Any

from shared_state_protocol.errors import AuthenticationError, ProtocolError
from shared_state_protocol.wire.connection import HANDSHAKE_TIMEOUT_S
from shared_state_protocol.wire.handshake import REFUSAL, VERSION, Hello
from shared_state_protocol.wire.stdlib import FrameReader, ServerOpening

from ..hall import Hall
from ..session import Session
from ..sockets import process_of
from .classes import Elsewhere, names_no_class
from .entries import Entry
from .errands import Errands
from .lane import StdlibLane
from .messages import RETURN, TRACEBACK, Reply, is_xml, read_xml, write
from .office import Office

__all__ = ["StdlibConnection"]

TCP_CLOSED = 7
"""Linux's TCP_CLOSE: the peer has answered our last bytes with a reset."""

LOOP_LATE_S = 0.1
"""From which on a deadline that has passed is no proof that the client was slow."""

_OUR_SESSION = re.compile(r" \(session ([0-9a-f]{32}) thread (\d+)(?: at (\S+) (\d+))?\)\Z")
"""What our own clients add to their names: connections of one process are one session. One that has
come by a Unix socket also says by which address it knows us."""

_REPLIES_ITSELF = frozenset({"accept_connection", "shutdown"})
"""What the office does in the event loop, and never with a class of a user in the request."""

log = logging.getLogger(__name__)


class StdlibConnection(asyncio.Protocol):
    """One connection, from the first bytes of the handshake to its close."""

    def __init__(self, hall: Hall, office: Office, host: str, transport: Any, nonce: bytes) -> None:
        self._hall = hall
        self.office = office
        self._host = host
        self.transport = transport
        self.socket: Any = transport.get_extra_info("socket")
        self._address: Any = self.socket.getsockname() or office.address
        self._opening: ServerOpening | None = ServerOpening(hall.settings.authkey, nonce)
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.call_later(HANDSHAKE_TIMEOUT_S, self._be_late)
        self.reader = FrameReader(office.max_frame_bytes)
        self.lane: StdlibLane | None = None
        self._number = 0
        self._xml = False
        self._is_ours = False
        self._is_authenticated = False
        self._met_local = False
        self._sent: list[Entry] = []
        self._is_closed = False
        self._is_full = False
        self.was_reset = False
        self._errands = Errands(self)

    # Opening

    def data_received(self, data: bytes) -> None:
        if self._opening is not None:
            self._open(self._opening, data)
            return
        self._hall.heard()
        try:
            self._errands.take(self.reader.feed(data))
        except ProtocolError as error:
            self.cut_off(str(error))

    def _open(self, opening: ServerOpening, data: bytes) -> None:
        try:
            said = opening.receive(data)
        except AuthenticationError as error:
            self._refuse(str(error))
            return
        if said:
            self.transport.write(said)
        if opening.is_open:
            self._deadline.cancel()
            self._opening = None
            self._is_authenticated = True
            self._hall.admission.authenticated(self._host)
            if opening.rest:
                self.data_received(opening.rest)

    def _be_late(self) -> None:
        """Refuse a peer that is late; where the loop is, busy with others, give it more time."""
        if self._loop.time() - self._deadline.when() > LOOP_LATE_S:
            self._deadline = self._loop.call_later(HANDSHAKE_TIMEOUT_S, self._be_late)
        else:
            self._refuse("no handshake in time")

    def _refuse(self, reason: str) -> None:
        log.warning("refused a peer from %s: %s", self._host or "this host", reason)
        self._deadline.cancel()
        if self._opening is not None and not self._opening.is_welcome:
            self.transport.write(REFUSAL)  # which a welcome client would take for something else
        self.transport.close()

    def begin_calls(self, name: Any) -> None:
        """Be the connection of one thread of the client from now on."""
        name = name if type(name) is str else ""
        found = _OUR_SESSION.search(name)
        sessions = self._hall.service.sessions
        pid = process_of(self.socket)
        self._is_ours = found is not None
        identity = bytes.fromhex(found[1]) if found else self.office.presence.identity_of(pid)
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
        lane = StdlibLane(self._hall.service, session, hello, agent, self.send, self.close)
        lane.send = self.transport.write
        session.lanes[number] = self.lane = lane

    def near_path(self) -> str:
        """Return the path at which clients of this host find the server too."""
        return self._hall.unix_path

    # Requests

    def begin(self, payload: bytes) -> None:
        """Carry a request out, in the event loop or by the worker."""
        self.count_request()
        if self.lane is not None and self.lane.waiters:
            self.lane.interrupt(self._hall.service.clock())
        try:
            request = self.load(payload, plain_only=True)
        except Elsewhere:
            self._errands.begin(partial(self._errands.load_and_perform, payload))
        except Exception:  # noqa: BLE001  # whatever a client has sent
            self.send((TRACEBACK, traceback.format_exc()))
        else:
            self._carry_out(request)

    def count_request(self) -> None:
        """Begin another: whoever sends it has the last reply, and has counted its proxies."""
        self._number += 1
        if self._sent:
            self._sent.clear()
        if self.lane is not None:
            self.lane.undo = None

    def load(self, payload: bytes, *, plain_only: bool) -> Any:
        """Read a request.

        Raises:
            Elsewhere: it needs code of users, and is to be `plain_only`, as in the event loop.
            Exception: whatever a client has sent.
        """
        self._met_local = False
        self._xml = is_xml(payload)
        if self._xml:
            request = read_xml(payload)
        elif self._is_plain(payload):
            request = pickle.loads(payload)  # noqa: S301  # which can make nothing but plain values
        else:
            request = self.office.classes.load(payload, self._rebuild, plain_only=plain_only)
        ident, method, args, kwds = request
        if type(method) is not str or type(kwds) is not dict:
            raise pickle.UnpicklingError("a request that is none")
        return ident, method, args, kwds

    def _is_plain(self, payload: bytes) -> bool:
        self.office.classes.check(payload)
        return names_no_class(payload)

    def _rebuild(self, *args: Any, plain_only: bool) -> Any:
        self._met_local = True
        return self.office.rebuild(*args, plain_only=plain_only)

    def _carry_out(self, request: Any) -> None:
        ident, method, args, kwds = request
        if self.lane is None:
            self._ask_office(method, args, kwds)
            return
        try:
            entry = self.office.entries.find(ident)
        except (KeyError, TypeError):
            self.send((TRACEBACK, traceback.format_exc()))
            return
        if entry.is_adapter:
            self.call_adapter(entry, method, args, kwds)
        elif entry.is_plain and not self._met_local:
            self.send(self.office.perform(entry, method, args, kwds))
        else:
            self._errands.begin(partial(self._errands.perform, entry, method, args, kwds))

    def call_adapter(self, entry: Entry, method: str, args: Any, kwds: Any) -> None:
        """Call one of our behaviours, in the event loop."""
        if self.lane is None:
            return
        if method in entry.exposed:
            self.office.call_adapter(self.lane, self._number, entry, method, args, kwds)
        else:
            self.send(self.office.perform(entry, method, args, kwds))

    def _ask_office(self, function: str, args: Any, kwds: Any) -> None:
        office = self.office
        if function not in office.public:
            self.send((TRACEBACK, f"AssertionError: {function!r} unrecognized\n"))
            return
        perform = partial(self._office_reply, function, args, kwds)
        if self._may_ask_in_loop(function, args):
            reply = perform()
            if reply is not None:
                self.send(reply)
            if self.lane is None:
                self.transport.close()
        else:
            self._errands.begin(perform)

    def _may_ask_in_loop(self, function: str, args: Any) -> bool:
        if function == "create":
            return not self._met_local and bool(args) and self.office.may_create_in_loop(args[0])
        if function == "decref":
            return not args or self.office.may_drop_in_loop(args[0])
        return function in {
            "accept_connection", "dummy", "get_methods", "incref", "near", "number_of_objects",
            "shutdown",
        }  # fmt: skip

    def _office_reply(self, function: str, args: Any, kwds: Any) -> Reply | None:
        """Return the reply, or None where the office has sent it itself."""
        try:
            result = getattr(self.office, function)(self, *args, **kwds)
        except Exception:  # noqa: BLE001  # whatever a registered callable raises
            return TRACEBACK, traceback.format_exc()
        return None if function in _REPLIES_ITSELF else (RETURN, result)

    def ask_office_on_worker(self, function: str, args: Any, kwds: Any) -> Reply | None:
        """Ask the office on the worker, for all but what it may do in the loop alone."""
        if function not in self.office.public or function in _REPLIES_ITSELF:
            return TRACEBACK, f"AssertionError: {function!r} unrecognized\n"
        return self._office_reply(function, args, kwds)

    # Replies

    def send(self, reply: Reply) -> None:
        """Send a reply, from the event loop."""
        if not self._is_closed:
            self.transport.write(self.written(reply))

    def written(self, reply: Reply) -> bytes:
        """Return the frame of a reply to this client."""
        return write(reply, xml=self._xml, address=self._address, sent=self._sent)

    def pause_writing(self) -> None:
        self._is_full = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_full = False
        self.read_on()

    def read_on(self) -> None:
        """Read from the client again, unless its worker does, or it does not read itself."""
        if not (self._is_full or self._errands.has_socket):
            self.transport.resume_reading()

    # Closing

    def close(self) -> None:
        """Close once everything that was said has left."""
        self.transport.close()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abort()

    def cut_off(self, reason: str) -> None:
        """End the connection with a client that is none."""
        log.warning("cut off a client from %s: %s", self._host or "this host", reason)
        self.transport.abort()

    def eof_received(self) -> None:
        # Now, and not once the transport has closed: until then somebody might serve its waiter.
        self._leave(undelivered=self.was_reset or self._has_unread_bytes())

    def _has_unread_bytes(self) -> bool:
        """Return whether the client was gone before our last bytes reached it."""
        if self.transport.get_write_buffer_size():
            return True
        try:
            unacknowledged = bytearray(4)
            fcntl.ioctl(self.socket.fileno(), termios.TIOCOUTQ, unacknowledged)
            if int.from_bytes(unacknowledged, "little"):
                return True
            if self.socket.family == socket.AF_UNIX:
                return False
            state = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        except OSError:
            return False
        return bool(state[0] == TCP_CLOSED)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hall.leave(self)
        self._deadline.cancel()
        self._is_closed = True
        self._errands.close()
        if not self._is_authenticated:
            self._hall.admission.gave_up(self._host)
            return
        self._hall.admission.left()
        self._leave(undelivered=exc is not None or self.was_reset)

    def _leave(self, *, undelivered: bool) -> None:
        """Take the connection from its lane; the last one of a session ends it."""
        lane = self._errands.leave()
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
            self.office.presence.leave(session, is_ours=self._is_ours)
