"""Lanes: one thread's connection, and what has to survive it.

A thread has one request under way at a time: one write, and for nearly every reply one read. What
makes that safe:

* requests are numbered, so that a `cancel` takes back a call that was given up (Ctrl-C, a timeout):
  an item returns to its queue, a lock to its line;
* a connection that breaks is made anew under the same session, and what is not answered yet is sent
  again under its number (`reconnect` says when that is safe);
* what interrupts a call may have left half a frame behind, written or read, so the next call takes
  a new connection. The old one stays open until then: if it closed, and was the last of its
  session, the server would take this process for gone;
* a call in the middle of another one, by a signal handler or a `__del__`, goes over a lane of its
  own: half a frame may be written here, and the reply of the call around it is for whoever receives
  it in C, where nobody can be told that it was read already.

An interruption between the confirmation of a delivery and its `return` loses the item, as one just
after the `return` would.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ormsgpack import MsgpackEncodeError

from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import (
    AuthenticationError,
    DecodingError,
    LimitExceeded,
    ProtocolError,
)
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import HEADER_BYTES, read_header
from shared_state_protocol.wire.handshake import Welcome
from shared_state_protocol.wire.large import LARGE_BYTES, Frame
from shared_state_protocol.wire.messages import ANSWER_PARTS

from .busy_poll import BusyPoll
from .link import Broken, Link, Silence, is_of_socket
from .reconnect import Breaks
from .request import Message, Request, is_closing
from .sockets import Opened, dial, redial

if TYPE_CHECKING:
    from .batch import Batch
    from .session import Session

__all__ = ["Lane", "Reach"]

HELD: int = getattr(socket, "MSG_MORE", 0)
"""Has the kernel keep what is sent over TCP until more follows, for 0.2 s at the most, or until the
socket is closed, be it by the death of this process. So a confirmation leaves with the request that
follows, and does not wake the server by itself: twice for a `put` and a `get`, not three times. A
Unix socket holds nothing back; there the two sides share memory for it.
"""

BATCH_BYTES = 64 * 1024
"""Of requests that are written before their replies are read: the kernel takes so much at once,
so that client and server never wait for each other to read."""


Reach = Callable[["Session", int, str], Opened]
"""How a lane is connected: `dial`, or `redial`."""


class Lane(Link):
    """One connection of a blocking client, used by one thread. `batch` is what it is in, if held.

    `begin_another` opens a lane of the same thread; `is_calling` says that a call is under way.
    """

    def __init__(
        self,
        session: Session,
        number: int,
        thread: str,
        begin_another: Callable[[Reach], Lane],
        reach: Reach = dial,
    ) -> None:
        self.batch: Batch | None = None
        self.number = number
        self.thread = thread
        self._session = session
        self._begin_another = begin_another
        self._inner: Lane | None = None  # for calls in the middle of one of this lane
        self.is_calling = False
        # One for prompt replies, and one for those that somebody else decides about.
        self._busy_polls = BusyPoll(session.busy_poll), BusyPoll(session.busy_poll)
        self._previous = 0
        self._given_up: list[Request] = []
        before = session.instance
        super().__init__(*reach(session, number, thread))
        session.join(self)
        if before not in (b"", self._instance):
            self._open_again()

    # Calls

    def exchange(  # noqa: C901  # the way of every call
        self,
        operation: Operation[..., Any],
        name: str,
        arguments: Arguments,
        limit: int | None = None,
    ) -> Any:
        """Send one request with encoded `arguments` and return its result, still encoded.

        The result of a delivery is decoded already: only what can be read is confirmed.

        Raises:
            LimitExceeded: the request is larger than the server reads, or than `limit` bytes.
            TimeoutError: no reply in time to a request that need not wait.
            Exception: what the server answered.
        """
        if self.is_calling:
            return self._inner_lane().exchange(operation, name, arguments, limit)
        self.is_calling = True
        try:
            previous = self._previous
            number = self._previous = previous + 1
            try:
                frame = messages.request(number, previous, operation.wire, name, arguments)
            except MsgpackEncodeError:
                request = Request(number, operation, name, arguments, time.monotonic())
                return self._exchange_large(request, request.frame(previous), limit)
            if limit is not None or len(frame) > self._short_bytes:
                if len(frame) > LARGE_BYTES:
                    request = Request(number, operation, name, arguments, time.monotonic())
                    return self._exchange_large(request, frame, limit)
                self._session.check_size(frame, limit)
            started = time.monotonic() if operation.waits else 0.0
            sock = self._socket
            try:
                # `_send` and `_read` written out, because this is the way of every call: a function
                # is 0.1 µs, and ten times that when several processes share the caches.
                if sock is None or self._payloads or self._reader.pending_bytes:
                    raise Broken
                self._socket = None
                sock.sendall(frame)
                self._socket = sock
                self._busy_polls[operation.waits].wait(self._readable)
                data = sock.recv(self._read_bytes)
                size = len(data) - HEADER_BYTES
                if size > 0 and read_header(data)[0] == size:
                    message = messages.read(data[HEADER_BYTES:])
                else:
                    message = self._take(data) or self._read()
                while message[0] != number:
                    message = self._read()
                if operation.confirms:
                    message = self._accept(operation, message)
            except BaseException as error:  # noqa: BLE001  # `_rescue` raises what it cannot mend
                request = Request(number, operation, name, arguments, started or time.monotonic())
                message = self._rescue(error, request)
            if len(message) == ANSWER_PARTS:
                return message[1]
            return self._outcome(message, operation, name, arguments)
        finally:
            self.is_calling = False

    def _exchange_large(self, request: Request, frame: Frame, limit: int | None) -> Any:
        """Do what `exchange` does with a large frame, which nobody puts together."""
        self._session.check_size(frame, limit)
        try:
            self._tell(*self._sharing.parts(frame))
            message = self._insist_on(request)
        except BaseException as error:
            self._take_back((request,), error)
            raise
        return self._outcome(message, request.operation, request.name, request.arguments)

    def _outcome(
        self, message: Message, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> Any:
        """Return the result of a request, or raise its error; ask the next server if one closes."""
        if is_closing(message):
            request = Request(message[0], operation, name, arguments, time.monotonic())
            message = self._leave_closing((request,), {message[0]: message})[message[0]]
        return self._session.result_of(message)

    def exchange_many(
        self, calls: Sequence[tuple[Operation[..., Any], str, Arguments]], replies: list[Message]
    ) -> None:
        """Send many requests in few writes and add their replies to `replies`, in order.

        If an exception ends that, those that are there were confirmed, and the others go back.
        """
        if self.is_calling:
            self._inner_lane().exchange_many(calls, replies)
            return
        self.is_calling = True
        try:
            now = time.monotonic()
            first = self._previous + 1
            self._previous += len(calls)
            requests = [Request(first + i, *call, now) for i, call in enumerate(calls)]
            found: dict[int, Message] = {}
            try:
                for chunk, data in self._chunks(requests, first - 1, found):
                    self._tell(data)
                    found.update(self._leave_closing(chunk, self._insist(chunk)))
                    # Before the next chunk acknowledges these, and so nothing of them can go back.
                    self._accept_many(chunk, found)
                    last = chunk[-1].number
                    replies.extend(found[at] for at in range(first + len(replies), last + 1))
            except BaseException as ending:
                self._take_back(requests[len(replies) :], ending)
                raise
            replies.extend(found[each.number] for each in requests[len(replies) :])
        finally:
            self.is_calling = False

    def _inner_lane(self) -> Lane:
        """Return the lane for calls in the middle of one of this lane, made at the first of them.

        One that is with a lost server would raise `StateLost`, of which this lane tells already.
        What is acquired over it is the thread's, but a ring of locks that it is in is not seen.
        """
        before = self._inner
        if before is not None and before._instance == self._session.instance:
            return before
        made = self._begin_another(redial)
        before, self._inner = self._inner, made
        if before is not None:
            before.leave()
        return made

    def _chunks(
        self, requests: Sequence[Request], acknowledged: int, replies: dict[int, Message]
    ) -> Iterable[tuple[list[Request], bytes]]:
        """Cut requests into runs of at most `BATCH_BYTES`, with the bytes of each.

        A request that the server would not read has its failure put into `replies` instead.
        """
        chunk: list[Request] = []
        frames: list[bytes] = []
        size = 0
        for request in requests:
            try:
                frame = request.whole_frame(acknowledged)
                self._session.check_size(frame)
            except LimitExceeded as error:
                replies[request.number] = request.failure(error)
                continue
            if chunk and size + len(frame) > BATCH_BYTES:
                yield chunk, b"".join(frames)
                acknowledged = chunk[-1].number  # all of it is answered, or nobody would go on
                chunk, frames, size = [], [], 0
            chunk.append(request)
            frames.append(frame)
            size += len(frame)
        if chunk:
            yield chunk, b"".join(frames)

    def mention(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> bool:
        """Send a request to whose reply nobody will listen; return whether it went.

        It does not in the middle of a call of this lane.
        """
        if self.is_calling:
            return False
        self.is_calling = True
        try:
            return self._mention(operation, name, arguments)
        finally:
            self.is_calling = False

    def _mention(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> bool:
        """Do the same between the parts of a call, so without acknowledging anything."""
        number = self._previous = self._previous + 1
        return self._tell(Request(number, operation, name, arguments, 0.0).whole_frame(0))

    def come_to(self, instance: bytes) -> None:
        """Have the next call of another thread, or the one under way, find this instance."""
        if self._instance != instance:
            with contextlib.suppress(OSError):  # its connection may be gone already
                self._opened.shutdown(socket.SHUT_RDWR)

    def leave(self) -> None:
        """Tell the server that the thread has ended: it may forget the lane."""
        self._tell(self._amends() + messages.notice(messages.LEAVE))
        self.close()

    def say_goodbye(self) -> None:
        """Tell the server that the session ends."""
        self._tell(messages.notice(messages.GOODBYE))
        self.end()

    def end(self) -> None:
        """End the connection in order, for good. Its thread is told of it, if it is in a call.

        Then it is for that thread to close the socket: closing wakes nobody, and the number of its
        descriptor must not become another's while it is in use.
        """
        with contextlib.suppress(OSError):  # its connection may be gone already
            self._opened.shutdown(socket.SHUT_RDWR)
        if not self.is_calling:
            self.close()

    # What may go wrong

    def _rescue(self, error: BaseException, request: Request) -> Message:
        """Return the reply to a request whose exchange ended in `error`, if it can be had."""
        try:
            if isinstance(error, Broken):
                self._tell(request.whole_frame(request.number - 1))  # not sent yet, or never can be
            elif is_of_socket(error) and not isinstance(error, BlockingIOError):
                self.close()
            elif not isinstance(error, (BlockingIOError, Silence)):
                raise error
            return self._insist_on(request)
        except BaseException as ending:
            self._take_back((request,), ending)
            raise

    def _insist_on(self, request: Request) -> Message:
        """Return the reply to a request that was sent; confirm that what it carries is here."""
        message = self._insist([request])[request.number]
        if request.operation.confirms:
            return self._accept(request.operation, message)
        return message

    def _insist(self, requests: Iterable[Request]) -> dict[int, Message]:
        """Return the replies to `requests`, which were sent, whatever happens to the connection."""
        missing = {request.number: request for request in requests}
        replies: dict[int, Message] = {}
        breaks = Breaks(self._session.timeout)
        while missing:
            try:
                message = self._read()
            except Silence:
                self._check_patience(missing.values())
            except Broken:
                breaks.check(time.monotonic())
                self._reconnect(missing, replies)
                breaks.made(time.monotonic())
            else:
                breaks.heard()
                if missing.pop(message[0], None) is not None:
                    replies[message[0]] = message
                    self._given_up.clear()  # the server has read what was sent before
        return replies

    def _leave_closing(
        self, requests: Iterable[Request], replies: dict[int, Message]
    ) -> dict[int, Message]:
        """Go to the server that comes after one that refused some of `requests`: it is closing.

        There they are told that all is lost. If none comes in time, they keep their refusals.
        """
        refused = {each.number: each for each in requests if is_closing(replies[each.number])}
        if refused:
            self.close()
            with contextlib.suppress(OSError):
                self._reconnect(refused, replies)
                replies.update(self._insist(refused.values()))
        return replies

    def _check_patience(self, missing: Iterable[Request]) -> None:
        now, timeout = time.monotonic(), self._session.timeout
        for request in missing:
            if request.is_overdue(now, timeout):
                raise TimeoutError(f"{request.operation.wire} had no reply within {timeout:g} s")

    def _reconnect(self, missing: dict[int, Request], replies: dict[int, Message]) -> None:
        """Connect again and send again what is not answered."""
        before = self._instance
        welcome = self._replace(redial(self._session, self.number, self.thread))
        self._forget_orphans(welcome, before)
        if welcome.instance != before:
            self._open_again()
        frames = [self._amends()]
        for request in list(missing.values()):
            lost = request.lost_by(welcome, before, time.monotonic())
            if lost is None:
                frames.append(request.whole_frame(acknowledged=0))
            else:
                replies[request.number] = lost
                del missing[request.number]
        self._tell(b"".join(frames))

    def _replace(self, opened: Opened) -> Welcome:
        """Go on with another connection.

        Raises:
            ConnectionAbortedError: another thread has closed the client meanwhile.
        """
        old, sharing = self._opened, self._sharing
        self._use(*opened)
        old.close()
        sharing.close()
        if self._session.is_closed:
            self.say_goodbye()
            self.close()
        self._session.check_open()
        return opened[1]

    def _take_back(self, requests: Sequence[Request], ending: BaseException) -> None:
        """End calls that have no reply, so that what they took goes back.

        At once, over the connection that there is, and again over the next one, before anything
        else is said there; that the next call takes another one is what makes this safe. If the
        write was interrupted, only another connection will do.
        """
        self._given_up.extend(each for each in requests if _is_owed(each, ending))
        if not self._tell(self._amends()) and self._opened.fileno() >= 0:
            self._start_over()
        self._socket = None

    def _start_over(self) -> None:
        """Try once to have another connection, and to cancel there what was given up."""
        before = self._instance
        try:
            welcome = self._replace(dial(self._session, self.number, self.thread))
        except (OSError, ProtocolError, AuthenticationError):
            return  # the next call tries longer
        self._forget_orphans(welcome, before)
        self._instance = before  # the next call is to notice if it is another one
        self._tell(self._amends())

    def _open_again(self) -> None:
        """Have the objects that this client has opened on an instance that knows none of them.

        The other lanes go there too, though they may still reach the one before.
        """
        self._session.gather(self._instance)
        for opening in list(self._session.openings.values()):
            self._mention(opening.operation, opening.name, opening.arguments)

    def _amends(self) -> bytes:
        """Return what the server has to read first after calls were given up."""
        return b"".join(
            messages.notice(messages.CANCEL, each.number)
            if each.operation.can_be_undone
            else each.whole_frame(acknowledged=0)
            for each in self._given_up
        )

    def _forget_orphans(self, welcome: Welcome, before: bytes) -> None:
        """Owe nothing to a server that has forgotten this lane, or that never knew it."""
        if welcome.instance != before or not welcome.resumed:
            self._given_up.clear()

    def _accept(self, operation: Operation[..., Any], message: Message) -> Message:
        """Return the reply to a delivery, decoded, and confirm that it has arrived."""
        message = self._session.opened(operation, message)
        if len(message) == ANSWER_PARTS and not self._sharing.note(message[0]):
            self._confirm((message[0],))
        return message

    def _accept_many(self, requests: Sequence[Request], replies: dict[int, Message]) -> None:
        """Confirm what can be read of the deliveries of a batch, and let the rest go back."""
        arrived: list[int] = []
        unreadable: list[Request] = []
        for request in requests:
            if request.operation.confirms and len(replies[request.number]) == ANSWER_PARTS:
                try:
                    self._session.opened(request.operation, replies[request.number])
                except Exception:  # noqa: BLE001  # who asks for the result gets it again
                    unreadable.append(request)
                else:
                    arrived.append(request.number)
        self._confirm(arrived)
        if unreadable:
            self._take_back(unreadable, DecodingError())

    def _confirm(self, numbers: Sequence[int]) -> None:
        """Say that what these replies carried has arrived.

        If the connection breaks just now, nobody can know whether the server heard it. Until this
        session is over it gives nothing to anybody else, and a session that resumes acknowledges.
        """
        if numbers:
            notices = [messages.notice(messages.CONFIRM, each) for each in numbers]
            self._tell(b"".join((*self._sharing.offer(), *notices)), flags=HELD)


def _is_owed(request: Request, ending: BaseException) -> bool:
    """Return whether the next connection has to settle this call, which `ending` cut short.

    What it took goes back. What only changes something is carried out if a signal ended it (a lock
    that is being released is released), and not asked for again if its caller has an error to act
    on: that might be a second time.
    """
    return request.operation.can_be_undone or (
        request.operation.changes and not isinstance(ending, Exception)
    )
