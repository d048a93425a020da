"""Errands: the requests of one client that call the code of users, and so run on its worker.

A client at work sends its next request at once, so the worker waits for that at the socket itself:
the way through the event loop is spared, twice for each. The loop does not read then. A request
that takes long has the loop read again, to hear whether the client interrupts it or dies. That
request is the last one of its row.

The worker's socket and the loop's are one to the kernel, and it stays one that never blocks: a
worker that may wait does so before it reads. A read that blocks would spare a system call, but the
loop could meet it: a client that does not read its replies would hold everybody up.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from shared_state_protocol.errors import ProtocolError

from .classes import Elsewhere
from .entries import Entry
from .lane import StdlibLane
from .messages import RETURN, TRACEBACK, Reply
from .takings import Undo, is_acquired, is_released, is_taken, put_back
from .worker import Worker

if TYPE_CHECKING:
    from .connection import StdlibConnection

__all__ = ["Errands"]

NEXT_REQUEST_S = 0.25
"""For which a worker waits for its client's next request itself: a client at work is spared the way
through the loop. The thread is this connection's anyway; but it ends its wait before a server that
is going down ends its own."""

STUCK_S = 0.1
"""After which a request that is still being carried out has its connection watched by the loop."""

READ_BYTES = 65536
"""Read at once by a worker: nearly every request is shorter."""

MAX_BACKLOG = 16
"""Requests that nobody waits for; a client that has interrupted more of them is none."""

_RLOCK = type(threading.RLock())

Perform = Callable[[], Reply | None]


class Errands:
    """What one connection has its worker do.

    `backlog` are requests that came while another was being carried out.
    """

    def __init__(self, connection: StdlibConnection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._worker: Worker | None = None
        self._socket: socket.socket
        self._fileno: int
        self._watcher: asyncio.TimerHandle | None = None
        # What the worker and the loop both change, each under `_turn`.
        self._turn = threading.Lock()
        self._backlog: deque[bytes] = deque()
        self._is_busy = False
        self._is_given_up = False
        self._is_waiting = False
        self._reads = False
        self._sends = False
        # What the worker alone changes.
        self._first: Perform | None = None
        self._count = 0
        self._undo: Undo | None = None
        self._rlocks: list[Entry] = []

    # In the event loop

    @property
    def has_socket(self) -> bool:
        """Whether the worker reads from the client, and not the loop."""
        return self._is_busy and self._reads

    def take(self, payloads: list[bytes]) -> None:
        """Have requests carried out, the first now or once the one before has ended.

        Raises:
            ProtocolError: there are more of them than any client sends.
        """
        self._count_in(payloads)
        with self._turn:
            self._backlog.extend(payloads)
            self._is_given_up = self._is_busy
        if not self._is_busy:
            self._carry_out()

    def _count_in(self, payloads: list[bytes]) -> None:
        if len(self._backlog) + len(payloads) > MAX_BACKLOG:
            raise ProtocolError("it sends requests without reading replies")

    def _carry_out(self) -> None:
        while self._backlog and not self._is_busy:
            self._connection.begin(self._backlog.popleft())

    def begin(self, perform: Perform) -> None:
        """Have the worker carry out a request, and those that follow it."""
        connection = self._connection
        if self._worker is None:
            self._worker = connection.office.workers.take()
            self._socket = _twin(connection.socket)
            self._fileno = self._socket.fileno()
        if self._watcher is not None:
            self._watcher.cancel()
        self._first = perform
        self._is_busy = self._reads = True
        self._is_given_up = bool(self._backlog)
        self._sends = not connection.transport.get_write_buffer_size()
        connection.transport.pause_reading()
        self._watcher = self._loop.call_later(STUCK_S, self._watch, self._count)
        self._worker.run(self._run_or_abort)

    def _watch(self, count: int) -> None:
        """Read from the client again if its request takes long: it may interrupt it, or die."""
        transport = self._connection.transport
        with self._turn:
            if not self.has_socket or transport.is_closing():
                return
            is_stuck = self._count == count and not self._is_waiting
            if is_stuck:
                self._reads = False
        if is_stuck:
            self._connection.read_on()
        else:
            self._watcher = self._loop.call_later(STUCK_S, self._watch, self._count)

    def _go_on(self, data: bytes) -> None:
        """Send what the worker has left to send, and read from the client again."""
        connection, transport = self._connection, self._connection.transport
        self._is_busy = self._is_waiting = False
        if transport.is_closing():
            return
        if data:
            transport.write(data)
        if self._backlog:
            self._carry_out()
        elif connection.lane is None:
            transport.close()
            return
        if not self._is_busy:
            connection.read_on()

    def leave(self) -> StdlibLane | None:
        """Take the connection from its lane, between two steps of the worker; return the lane."""
        with self._turn:
            lane, self._connection.lane = self._connection.lane, None
        return lane

    def close(self) -> None:
        """End with the connection: nobody waits for what is still being done."""
        with self._turn:
            self._is_given_up = True
        if self._worker is not None:
            with contextlib.suppress(OSError):  # the client has ended it
                self._socket.shutdown(socket.SHUT_RDWR)  # the worker may be long in closing it
            self._worker.run(self._end)
            self._worker.release()

    # On the worker

    def _run_or_abort(self) -> None:
        """Have a client whose method ends the thread hear of it, as in the standard library."""
        try:
            self._run()
        except BaseException:
            with contextlib.suppress(RuntimeError):  # as in `_give_back`
                self._loop.call_soon_threadsafe(self._connection.abort)
            raise

    def _run(self) -> None:
        """Carry out requests as long as the client sends one after the other.

        Nothing of one is held while the next is awaited: it may be the last that holds an object.
        """
        assert self._first is not None
        perform, self._first = self._first, None
        reply = perform()
        del perform
        while self._finish(reply):
            reply = None
            payload = self._next()
            if payload is None:
                break
            reply = self.load_and_perform(payload)

    def _finish(self, reply: Reply | None) -> bool:
        """Send a reply from this thread; return whether it waits for the next request too."""
        connection = self._connection
        data = b"" if reply is None else connection.written(reply)
        with self._turn:
            if self._is_given_up:
                data = b""
            else:
                if data and self._sends:
                    data = self._send(data)
                if connection.lane is not None:
                    if self._undo is not None:
                        connection.lane.undo, self._undo = _at_any_time(self._undo), None
                    if self._reads and reply is not None and not data and not self._backlog:
                        self._is_waiting = True
                        return True
            undo, self._undo = self._undo, None
            is_loops_turn = self._reads or bool(data or self._backlog) or connection.lane is None
            self._is_busy = is_loops_turn
        if undo is not None:
            undo()
        if is_loops_turn:
            self._give_back(data)
        return False

    def _next(self) -> bytes | None:
        """Return the client's next request; None if it sends none for a while.

        What is incomplete or more than one is left to the loop.
        """
        connection = self._connection
        try:
            payloads = connection.reader.feed(self._socket.recv(READ_BYTES))
            self._count_in(payloads)
        except OSError as error:
            connection.was_reset = not isinstance(error, TimeoutError)  # which is only late
            payloads = []
        except ProtocolError as error:
            self._loop.call_soon_threadsafe(connection.cut_off, str(error))
            payloads = []
        if not payloads:
            self._give_back(b"")
            return None
        if len(payloads) > 1:
            self._backlog.extend(payloads[1:])
            self._is_given_up = True
        self._count += 1
        self._is_waiting = False  # not before: until then the loop leaves the socket alone
        connection.count_request()
        return payloads[0]

    def _send(self, data: bytes) -> bytes:
        """Send from this thread, which saves the loop a turn; return what is left."""
        try:
            return data[os.write(self._fileno, data) :]  # a `send` would wait as `recv` does
        except OSError:
            return data

    def _give_back(self, data: bytes) -> None:
        """Let the loop read from the client again, and send what is left to send."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended
            self._loop.call_soon_threadsafe(self._go_on, data)

    def _end(self) -> None:
        """Give back what only this thread can."""
        self._socket.close()
        for entry in self._rlocks:
            entry.obj.release()

    # What is done

    def load_and_perform(self, payload: bytes) -> Reply | None:
        """Do on a worker what the connection could not do in the loop."""
        connection = self._connection
        try:
            is_users = False
            try:
                ident, method, args, kwds = connection.load(payload, plain_only=True)
            except Elsewhere:
                is_users = True
                ident, method, args, kwds = connection.load(payload, plain_only=False)
            if connection.lane is None:
                return self._ask_office(method, args, kwds, is_users=is_users)
            entry = connection.office.entries.find(ident)
        except Exception:  # noqa: BLE001  # whatever a client has sent
            return TRACEBACK, traceback.format_exc()
        if entry.is_adapter:
            self._loop.call_soon_threadsafe(connection.call_adapter, entry, method, args, kwds)
            return None
        if is_users:
            entry.is_plain = False  # somebody's code is in it now
        return self.perform(entry, method, args, kwds)

    def _ask_office(self, function: str, args: Any, kwds: Any, *, is_users: bool) -> Reply | None:
        reply = self._connection.ask_office_on_worker(function, args, kwds)
        if is_users and function == "create" and reply is not None and reply[0] == RETURN:
            ident, _ = reply[1]
            self._connection.office.entries.find(ident).is_plain = False  # as above
        return reply

    def perform(self, entry: Entry, method: str, args: Any, kwds: Any) -> Reply:
        """Call users' code, and take note of what the client takes by it."""
        reply = self._connection.office.perform(entry, method, args, kwds)
        if entry.holders is not None and reply[0] == RETURN:
            self._note(entry, method, reply[1])
        return reply

    def _note(self, entry: Entry, method: str, result: Any) -> None:
        if is_acquired(entry.obj, method, result):
            self._undo = self._hold(entry)
        elif is_taken(entry.obj, method):
            self._undo = partial(put_back, entry.obj, result)
        elif is_released(entry.obj, method):
            self._let_go(entry)

    def _hold(self, entry: Entry) -> Undo | None:
        """Take note of a lock; return how to give it back if the client has not heard of it."""
        lane = self._connection.lane
        if type(entry.obj) is _RLOCK:  # this thread's, whatever other connections the client has
            self._rlocks.append(entry)
            return None
        if lane is None or entry.holders is None:
            release: Undo = entry.obj.release
            return release
        entry.holders.add(lane.session)
        return partial(entry.holders.undo, lane.session)

    def _let_go(self, entry: Entry) -> None:
        lane = self._connection.lane
        if entry in self._rlocks:
            self._rlocks.remove(entry)
        elif lane is not None and entry.holders is not None:
            entry.holders.remove(lane.session)


def _at_any_time(undo: Callable[[], None]) -> Callable[[float], None]:
    return lambda now: undo()


def _twin(theirs: Any) -> socket.socket:
    """Return another socket of the same connection, for a worker to wait at for a while."""
    twin = socket.socket(theirs.family, theirs.type, theirs.proto, os.dup(theirs.fileno()))
    twin.settimeout(NEXT_REQUEST_S)  # the kernel's stays one that does not block
    return twin
