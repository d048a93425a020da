"""Lanes: one thread's connection, and what has to survive it.

A thread has one request under way at a time: one write, one read into a kept buffer. What makes
that safe:

* requests are numbered, so that a `cancel` takes back a call that was given up (Ctrl-C, a timeout):
  an item returns to its queue, a lock to its line;
* a connection that breaks is made anew under the same session, and what is not answered yet is sent
  again under its number (`reconnect` says when that is safe);
* what interrupts a call may have left half a frame behind, written or read, so the next call takes
  a new connection. The old one stays open until then: if it closed, and was the last of its
  session, the server would take this process for gone.

An interruption between the confirmation of a delivery and its `return` loses the item, as one just
after the `return` would.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import AuthenticationError, LimitExceeded, ProtocolError
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import HEADER_BYTES, FrameReader
from shared_state_protocol.wire.handshake import Welcome
from shared_state_protocol.wire.large import LargePayload, owned
from shared_state_protocol.wire.messages import ANSWER_PARTS

from .request import Message, Request
from .sockets import Opened, dial, redial

if TYPE_CHECKING:
    from .batch import Batch
    from .session import Session

__all__ = ["Lane"]

RECEIVE_BYTES = 64 * 1024
"""Kept for receiving: nearly every reply is one read."""

BATCH_BYTES = 64 * 1024
"""Of requests that are written before their replies are read: the kernel takes so much at once,
so that client and server never wait for each other to read."""


class Broken(Exception):
    """The connection is gone."""


class Silence(Exception):
    """Nothing came within the kernel's deadline."""


class Lane:
    """One connection of a blocking client, used by one thread. `batch` is open while not None."""

    def __init__(self, session: Session, number: int, thread: str) -> None:
        self.batch: Batch | None = None
        self.number = number
        self.thread = thread
        self._session = session
        self._previous = 0
        self._given_up: list[int] = []
        self._buffer = bytearray(RECEIVE_BYTES)
        self._view = memoryview(self._buffer)
        self._payloads: list[bytes] = []
        self._gives_views = False
        opened, welcome = dial(session, number, thread)
        self._instance = welcome.instance
        self._opened = opened
        self._socket: socket.socket | None = opened
        self._reader = FrameReader(welcome.max_frame_bytes)

    @property
    def transport(self) -> str:
        """How the server is reached now: ``tcp`` or ``unix``, or empty while it is not."""
        if self._socket is None:
            return ""
        return "tcp" if self._socket.family != socket.AF_UNIX else "unix"

    # Calls

    def exchange(
        self,
        operation: Operation[..., Any],
        name: str,
        arguments: Arguments,
        limit: int | None = None,
    ) -> Any:
        """Send one request with encoded `arguments` and return its result, still encoded.

        Raises:
            LimitExceeded: the request is larger than the server reads, or than `limit` bytes.
            TimeoutError: no reply in time to a request that need not wait.
            Exception: what the server answered.
        """
        number = self._previous = self._previous + 1
        frame = messages.request(number, number - 1, operation.wire, name, arguments)
        self._session.check_size(frame, limit)
        started = time.monotonic() if operation.waits else 0.0
        sock = self._socket
        try:
            # `_send` and `_read` written out, because this is the way of every call: a function is
            # 0.1 µs, and ten times that when several processes share the caches.
            if sock is None or self._payloads or self._reader.pending_bytes:
                raise Broken
            self._socket = None
            sock.sendall(frame)
            self._socket = sock
            size = sock.recv_into(self._buffer)
            if size != HEADER_BYTES + int.from_bytes(self._view[:HEADER_BYTES], "little"):
                message = self._take(size) or self._read()
            else:
                message = messages.read(bytes(self._view[HEADER_BYTES:size]))
            while message[0] != number:
                message = self._read()
            if operation.confirms and len(message) == ANSWER_PARTS:
                self._confirm((number,))
        except BaseException as error:  # noqa: BLE001  # `_rescue` raises what it cannot mend
            request = Request(number, operation, name, arguments, started or time.monotonic())
            message = self._rescue(error, request, frame)
        if len(message) == ANSWER_PARTS:
            return message[1]
        raise self._session.error_of(message)

    def exchange_large(
        self, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> Any:
        """Do what `exchange` does, copying neither a large last argument nor a large result.

        The argument has to stay as it is meanwhile, and the result is a view.
        """
        number = self._previous = self._previous + 1
        request = Request(number, operation, name, arguments, time.monotonic())
        self._gives_views = True
        try:
            self._tell_request(request)
            message = self._insist([request])[number]
        except BaseException:
            self._take_back((number,))
            raise
        finally:
            self._gives_views = False
        return self._session.result_of(message)

    def _tell_request(self, request: Request) -> None:
        parts = request.parts(request.number - 1)
        if sum(map(len, parts)) > self._session.max_frame_bytes:
            self._session.check_size(b"".join(parts))
        for part in parts:
            self._tell(part)

    def exchange_many(
        self, calls: Sequence[tuple[Operation[..., Any], str, Arguments]]
    ) -> list[Message]:
        """Send many requests in few writes and return their replies, in order."""
        now = time.monotonic()
        first = self._previous + 1
        self._previous += len(calls)
        requests = [Request(first + i, *call, now) for i, call in enumerate(calls)]
        replies: dict[int, Message] = {}
        try:
            for chunk, data in self._chunks(requests, first - 1, replies):
                self._tell(data)
                replies.update(self._insist(chunk))
            self._confirm(
                [
                    each.number
                    for each in requests
                    if each.operation.confirms and len(replies[each.number]) == ANSWER_PARTS
                ]
            )
        except BaseException:
            self._take_back([each.number for each in requests])
            raise
        return [replies[each.number] for each in requests]

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
                frame = request.frame(acknowledged)
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

        It may come between the parts of a call of this lane, so it acknowledges nothing.
        """
        number = self._previous = self._previous + 1
        return self._tell(messages.request(number, 0, operation.wire, name, arguments))

    def close(self) -> None:
        """Close the connection, in order."""
        self._opened.close()
        self._socket = None

    def leave(self) -> None:
        """Tell the server that the thread has ended: it may forget the lane."""
        self._tell(self._cancels() + messages.notice(messages.LEAVE))
        self.close()

    def say_goodbye(self) -> None:
        """Tell the server that the session ends."""
        self._tell(messages.notice(messages.GOODBYE))
        self.close()

    # What may go wrong

    def _rescue(self, error: BaseException, request: Request, frame: bytes) -> Message:
        """Return the reply to a request whose exchange ended in `error`, if it can be had."""
        try:
            if isinstance(error, Broken):
                self._tell(frame)  # nothing was sent yet, or nothing can be now
            elif _is_of_socket(error) and not isinstance(error, BlockingIOError):
                self.close()
            elif not isinstance(error, (BlockingIOError, Silence)):
                raise error
            message = self._insist([request])[request.number]
            if request.operation.confirms and len(message) == ANSWER_PARTS:
                self._confirm((request.number,))
        except BaseException:
            self._take_back((request.number,))
            raise
        return message

    def _insist(self, requests: Iterable[Request]) -> dict[int, Message]:
        """Return the replies to `requests`, which were sent, whatever happens to the connection."""
        missing = {request.number: request for request in requests}
        replies: dict[int, Message] = {}
        while missing:
            try:
                message = self._read()
            except Silence:
                self._check_patience(missing.values())
            except Broken:
                self._reconnect(missing, replies)
            else:
                if missing.pop(message[0], None) is not None:
                    replies[message[0]] = message
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
        frames = [self._cancels()]
        for request in list(missing.values()):
            lost = request.lost_by(welcome, before, time.monotonic())
            if lost is None:
                frames.append(request.frame(acknowledged=0))
            else:
                replies[request.number] = lost
                del missing[request.number]
        if self._tell(b"".join(frames)):
            self._given_up.clear()

    def _replace(self, opened: Opened) -> Welcome:
        """Go on with another connection."""
        old, (self._opened, welcome) = self._opened, opened
        self._socket, self._instance = self._opened, welcome.instance
        old.close()
        self._reader = FrameReader(welcome.max_frame_bytes)
        self._payloads.clear()
        return welcome

    def _take_back(self, numbers: Sequence[int]) -> None:
        """Cancel calls that end without a reply, so that they have had no effect.

        At once, over the connection that there is, and again over the next one, before anything
        else is said there. If the write was interrupted, only another connection will do.
        """
        self._given_up.extend(numbers)
        if self._tell(b"".join(messages.notice(messages.CANCEL, each) for each in numbers)):
            self._socket = None
        elif self._opened.fileno() >= 0:
            self._start_over()

    def _start_over(self) -> None:
        """Try once to have another connection, and to cancel there what was given up."""
        try:
            self._replace(dial(self._session, self.number, self.thread))
        except (OSError, ProtocolError, AuthenticationError):
            return  # the next call tries longer
        if self._tell(self._cancels()):
            self._given_up.clear()

    def _cancels(self) -> bytes:
        return b"".join(messages.notice(messages.CANCEL, each) for each in self._given_up)

    def _confirm(self, numbers: Sequence[int]) -> None:
        """Say that what these replies carried has arrived.

        If the connection breaks just now, nobody can know whether the server heard it. Until this
        session is over it gives nothing to anybody else, and a session that resumes acknowledges.
        """
        if numbers:
            self._tell(b"".join(messages.notice(messages.CONFIRM, each) for each in numbers))

    # Bytes

    def _tell(self, data: bytes | memoryview) -> bool:
        """Send, and return whether it went; a read will find what to do about it otherwise."""
        try:
            self._send(data)
        except Broken:
            return False
        return True

    def _send(self, data: bytes | memoryview) -> None:
        sock = self._socket
        if sock is None:
            raise Broken
        # Whatever interrupts the write leaves no socket in use with half a frame in it.
        self._socket = None
        try:
            sock.sendall(data)
        except OSError as error:
            if not _is_of_socket(error):
                raise
            sock.close()
            raise Broken from error
        self._socket = sock

    def _read(self) -> Message:
        """Return the next message, whichever request it answers."""
        if self._payloads:
            return messages.read(self._payloads.pop(0))
        while True:
            message = self._take(self._receive())
            if message is not None:
                return message

    def _take(self, size: int) -> Message | None:
        """Return the first message that is whole with `size` more bytes, and keep the others."""
        self._refuse_end(size)
        missing = self._missing(size)
        if missing > RECEIVE_BYTES:
            message = messages.read(self._receive_large(size, missing))
            return message if self._gives_views else owned(message)
        self._payloads = self._reader.feed(bytes(self._view[:size]))
        return messages.read(self._payloads.pop(0)) if self._payloads else None

    def _missing(self, size: int) -> int:
        """Return how much is still to come of the one frame whose first `size` bytes are there."""
        if size < HEADER_BYTES or self._reader.pending_bytes:
            return 0
        length = int.from_bytes(self._view[:HEADER_BYTES], "little")
        return HEADER_BYTES + length - size if length <= self._reader.limit else 0

    def _receive_large(self, size: int, missing: int) -> memoryview:
        """Return the payload of a large frame, received where it is to stay."""
        start = self._view[HEADER_BYTES:size]
        large = LargePayload(start, len(start) + missing)
        while large.rest:
            try:
                more = self._receive(large.rest)
            except BaseException:
                have = len(large.payload) - len(large.rest)
                self._reader.feed(b"".join((self._view[:HEADER_BYTES], large.payload[:have])))
                raise
            self._refuse_end(more)
            large.received(more)
        return large.payload

    def _refuse_end(self, size: int) -> None:
        if not size:
            self.close()
            raise Broken

    def _receive(self, buffer: Any = None) -> int:
        """Receive into `buffer`, by default the kept one; return how many bytes, 0 at the end."""
        sock = self._socket
        if sock is None:
            raise Broken
        try:
            size = sock.recv_into(buffer or self._buffer)
        except BlockingIOError:
            raise Silence from None
        except OSError as error:
            if not _is_of_socket(error):
                raise
            self.close()
            raise Broken from error
        return size


def _is_of_socket(error: BaseException) -> bool:
    """Return whether a socket raised it, and no signal handler: `TimeoutError` is an OSError too.

    What the system says has a number.
    """
    return isinstance(error, OSError) and error.errno is not None
