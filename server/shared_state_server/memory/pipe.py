"""A pipe in memory: for each end a buffer of what it will receive, and who uses it.

An end is used by sessions. When the last of them has closed it, or is gone, the end is closed: the
other one reads what is left and then gets EOFError, and its sends get BrokenPipeError.
"""

from __future__ import annotations

from collections import deque

from ..session import Session
from ..waiting import Call, Line, Undo

__all__ = ["Pipe"]

BUFFER_BYTES = 1024 * 1024
"""What may wait in each direction. A larger message is let through when nothing else waits."""

ENDS = (0, 1)


class End:
    """One end: what it will receive, who waits to receive, and who waits to send to it."""

    __slots__ = ("buffer", "buffered", "is_closed", "readers", "senders", "users", "watchers")

    def __init__(self, senders: Line) -> None:
        self.buffer: deque[bytes] = deque()
        self.buffered = 0
        self.users: dict[Session, None] = {}
        self.is_closed = False
        self.readers = Line()
        self.watchers = Line()
        self.senders = senders

    def push(self, message: bytes) -> None:
        """Add a message."""
        self.buffer.append(message)
        self.buffered += len(message)

    def pop(self) -> bytes:
        """Take the oldest message."""
        message = self.buffer.popleft()
        self.buffered -= len(message)
        return message

    def has_room(self, message: bytes) -> bool:
        """Return whether `message` need not wait."""
        return not self.buffer or self.buffered + len(message) <= BUFFER_BYTES


class Pipe:
    """Keeps the contract `shared_state_protocol.objects.Pipe`."""

    def __init__(self, duplex: bool = True) -> None:
        self._duplex = duplex
        self._ends = (
            End(Line(lambda: self._serve(self._ends[0]))),
            End(Line(lambda: self._serve(self._ends[1]))),
        )

    def attach(self, call: Call, end: int) -> None:
        self._use(call, end)

    def send(self, call: Call, end: int, value: bytes) -> object:
        own = self._use(call, end)
        if not self._duplex and end == 0:
            raise OSError("connection is read-only")
        other = self._other(own)
        if other.is_closed:
            raise BrokenPipeError("the other end is closed")
        if other.senders or not other.has_room(value):
            return call.park(other.senders, None, late=None, want=value)
        other.push(value)
        self._serve(other)
        return None

    def send_bytes(self, call: Call, end: int, data: bytes) -> object:
        return self.send(call, end, data)

    def recv(self, call: Call, end: int) -> object:
        own = self._receiving(call, end)
        if own.buffer:
            message = own.pop()
            call.undo = self._put_back(own, message)
            self._serve(own)
            return message
        self._refuse_at_end(own)
        return call.park(own.readers, None, late=None)

    def recv_bytes(self, call: Call, end: int) -> object:
        return self.recv(call, end)

    def poll(self, call: Call, end: int, timeout: float | None) -> object:
        own = self._receiving(call, end)
        if own.buffer or self._other(own).is_closed:
            return True
        if timeout is not None and timeout <= 0:
            return False
        return call.park(own.watchers, timeout, late=False)

    def close(self, call: Call, end: int) -> None:
        self._leave(self._end(end), call.lane.session)

    def duplex(self) -> bool:
        return self._duplex

    def size(self) -> int:
        return sum(len(end.buffer) for end in self._ends)

    def waiters(self) -> int:
        lines = (line for end in self._ends for line in (end.readers, end.watchers, end.senders))
        return sum(map(len, lines))

    def abandon(self, session: Session, now: float) -> None:
        """Close the ends that only a session used that is gone."""
        for end in self._ends:
            self._leave(end, session)

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits, and let go of whoever uses an end: the pipe is being deleted."""
        for end in self._ends:
            for line in (end.readers, end.watchers, end.senders):
                line.fail_all(error)
            for session in end.users:
                session.stakes.pop(self, None)
            end.users.clear()

    def _end(self, number: int) -> End:
        if number not in ENDS:
            raise ValueError(f"a pipe has the ends 0 and 1, not {number}")
        return self._ends[number]

    def _other(self, end: End) -> End:
        return self._ends[end is self._ends[0]]

    def _use(self, call: Call, number: int) -> End:
        """Return an end for use by a session, which has a stake in it from now on."""
        end = self._end(number)
        if end.is_closed:
            raise OSError("handle is closed")
        end.users[call.lane.session] = None
        call.lane.session.stakes[self] = None
        return end

    def _receiving(self, call: Call, number: int) -> End:
        end = self._use(call, number)
        if not self._duplex and number == 1:
            raise OSError("connection is write-only")
        return end

    def _leave(self, end: End, session: Session) -> None:
        if session not in end.users:
            return
        del end.users[session]
        if session not in self._other(end).users:
            session.stakes.pop(self, None)
        if end.users:
            return
        end.is_closed = True
        end.senders.fail_all(BrokenPipeError("the other end is closed"))
        for line in (end.readers, end.watchers):
            line.fail_all(OSError("handle is closed"))
        self._serve(self._other(end))

    def _refuse_at_end(self, end: End) -> None:
        if self._other(end).is_closed:
            raise EOFError

    def _serve(self, end: End) -> None:
        """Hand messages to readers and room to senders; tell those who watch; at the end, all."""
        while end.buffer or end.senders:
            if end.readers and end.buffer:
                message = end.pop()
                end.readers.first().answer(message, self._put_back(end, message))
            elif end.senders and end.has_room(end.senders.first().want):
                sender = end.senders.first()
                end.push(sender.want)
                sender.answer(None)
            else:
                break
        if end.buffer or self._other(end).is_closed:
            for watcher in list(end.watchers):
                watcher.answer(True)
        if self._other(end).is_closed:
            end.readers.fail_all(EOFError())

    def _put_back(self, end: End, message: bytes) -> Undo:
        def undo(now: float) -> None:
            end.buffer.appendleft(message)
            end.buffered += len(message)
            self._serve(end)

        return undo
