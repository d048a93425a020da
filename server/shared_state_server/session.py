"""Sessions and lanes: one client process, and each of its connections.

A `Lane` outlives its connection. It has the replies that the client may not have got yet, so that
a request sent again is answered and not repeated, and the requests that are parked. A `Session`
ends when its process is gone; then its waiters vanish, what was handed to it and not confirmed goes
back, and what it held is abandoned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from shared_state_protocol.errors import InternalError, WireError, to_wire
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.handshake import Hello
from shared_state_protocol.wire.large import LARGE_BYTES

from .streams import Cursors
from .waiting import Deadlines, Undo, Waiter

__all__ = ["REMEMBERED_REPLIES", "Lane", "OwnerFields", "Session", "Stake"]

REMEMBERED_REPLIES = 4096
"""How many replies a lane remembers. A blocking client needs one; an async client as many as it
has requests in flight."""


OwnerFields = tuple[str, int, str, float]
"""The fields of `shared_state_protocol.state.Owner`."""


class Stake(Protocol):
    """An object in which a session may hold something."""

    def abandon(self, session: Session, now: float) -> None:
        """Take back what `session` holds: it is gone."""


class Session:
    """One client process as the server knows it.

    `losses` counts how often all its connections were lost, `is_over` says that it has ended.
    """

    __slots__ = ("__weakref__", "cursors", "hello", "id", "is_over", "lanes", "losses", "stakes")

    def __init__(self, hello: Hello) -> None:
        self.id = hello.session
        self.hello = hello
        self.is_over = False
        self.losses = 0
        self.lanes: dict[int, Lane] = {}
        self.stakes: dict[Stake, None] = {}
        self.cursors = Cursors()

    @property
    def is_connected(self) -> bool:
        """Whether some lane has a connection."""
        return any(lane.send is not None for lane in self.lanes.values())

    def end(self, now: float) -> None:
        """Give up everything that the session waits for, holds, or was handed."""
        for lane in self.lanes.values():
            lane.withdraw_all(now)
        for stake in list(self.stakes):
            stake.abandon(self, now)
        for lane in self.lanes.values():
            lane.undo_all(now)


class Lane:
    """One connection of a session, and what has to survive it.

    `send` takes a frame to the client, or is None while there is no connection. `newest` is the
    largest number of a request so far: a larger one cannot be a repetition. `forgot` says that the
    client remembers a lane of this number that is gone here.
    """

    __slots__ = (
        "acknowledged",
        "deadlines",
        "forgot",
        "newest",
        "number",
        "replies",
        "send",
        "session",
        "thread",
        "waiters",
    )

    def __init__(self, session: Session, hello: Hello, deadlines: Deadlines) -> None:
        self.session = session
        self.number = hello.lane
        self.thread = hello.thread
        self.deadlines = deadlines
        self.send: Callable[[bytes], None] | None = None
        self.acknowledged = 0
        self.newest = 0
        self.forgot = hello.resumes
        self.replies: dict[int, tuple[bytes, Undo | None]] = {}
        self.waiters: dict[int, Waiter] = {}

    @property
    def is_known(self) -> bool:
        """Whether a client that comes back finds what it had.

        If not, it is told so with each welcome until a request shows that it has heard.
        """
        return self.newest > 0 or not self.forgot

    def owner(self, seconds: float) -> OwnerFields:
        """Return who this is, as the owner of something since so many seconds."""
        hello = self.session.hello
        return hello.host, hello.pid, self.thread, seconds

    def tell(self, number: int, result: Any) -> None:
        """Reply to a query with its result; if the reply is lost, it can be asked again."""
        if self.send is not None:
            self.send(messages.answer(number, result))

    def tell_packed(self, number: int, result: bytes) -> None:
        """Reply to a query with bytes that are not copied if they are many."""
        if len(result) < LARGE_BYTES:
            self.tell(number, result)
        elif self.send is not None:
            for part in messages.large_answer(number, result):
                self.send(part)

    def answer(self, number: int, result: Any, undo: Undo | None = None) -> None:
        """Reply to a command with its result, and remember the reply."""
        self.reply(number, messages.answer(number, result), undo)

    def fail(self, number: int, error: Exception) -> None:
        """Reply to a command with an error, and remember the reply."""
        self.reply(number, failure_of(number, error), None)

    def reply(self, number: int, frame: bytes, undo: Undo | None) -> None:
        """Send the frame of a reply, and remember it, and how to undo what it says."""
        if len(self.replies) >= REMEMBERED_REPLIES:
            self.replies.pop(next(iter(self.replies)))
        self.replies[number] = (frame, undo)
        if self.send is not None:
            self.send(frame)

    def acknowledge(self, number: int) -> None:
        """Forget the replies up to `number`: the client has them."""
        if len(self.replies) >= number - self.acknowledged:
            for arrived in range(self.acknowledged + 1, number + 1):
                self.replies.pop(arrived, None)
        else:
            for arrived in [each for each in self.replies if each <= number]:
                del self.replies[arrived]
        self.acknowledged = number

    def confirm(self, number: int) -> None:
        """Forget one reply: what it carried has arrived."""
        self.replies.pop(number, None)

    def cancel(self, number: int, now: float) -> None:
        """Undo a request that its caller gave up: parked or answered, it has had no effect."""
        waiter = self.waiters.get(number)
        if waiter is not None:
            waiter.withdraw(now)
        _, undo = self.replies.pop(number, (b"", None))
        if undo is not None:
            undo(now)

    def withdraw_all(self, now: float) -> None:
        """Withdraw every waiter."""
        for waiter in list(self.waiters.values()):
            waiter.withdraw(now)

    def undo_all(self, now: float) -> None:
        """Take back what was handed over and not confirmed, the newest first."""
        for _, undo in reversed(list(self.replies.values())):
            if undo is not None:
                undo(now)
        self.replies.clear()


def failure_of(number: int, error: Exception) -> bytes:
    """Return the frame that tells a client of an error."""
    return messages.failure(number, *fields_of(error))


def fields_of(error: Exception) -> WireError:
    """Return the name and arguments of an error for the wire, without details if it is a defect."""
    named = to_wire(error) or to_wire(InternalError("the server failed; its log says why"))
    assert named is not None
    return named
