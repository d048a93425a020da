"""Lanes: each connection of a client process, and what has to survive it.

A `Lane` outlives its connection. It has the replies that the client may not have got yet, so that
a request sent again is answered and not repeated, and the requests that are parked. Nothing of that
is ever forgotten before the client says that it has it: a lane that remembers too much takes no
more commands, because to carry one out twice would be worse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared_state_protocol.errors import InternalError, LimitExceeded, WireError, to_wire
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.arena import Arena
from shared_state_protocol.wire.handshake import Hello
from shared_state_protocol.wire.large import Frame

from .defects import contained
from .session import Session
from .waiting import Deadlines, Undo, Waiter

__all__ = [
    "MAX_PARKED",
    "REMEMBERED_BYTES",
    "REMEMBERED_REPLIES",
    "Lane",
    "OwnerFields",
    "failure_of",
    "fields_of",
]

REMEMBERED_REPLIES = 32_768
"""Replies of a lane whose arrival is not known, from which on commands are refused. A blocking
client needs one; an async client as many as it has requests in flight. Some 200 bytes each."""

REMEMBERED_BYTES = 64 * 1024 * 1024
"""The same, in bytes: the largest reply that there is, or any number of smaller ones."""

MAX_PARKED = 32_768
"""Requests of a lane that wait at one time: each becomes a reply that has to be remembered."""


OwnerFields = tuple[str, int, str, float]
"""The fields of `shared_state_protocol.state.Owner`."""


class Lane:
    """One connection of a session, and what has to survive it.

    `send` takes a frame to the client, or is None while there is no connection. `newest` is the
    largest number of a request so far: a larger one cannot be a repetition. `withdrawn` has the
    numbers of waits that ended with their connection, and so may begin anew. `is_full` says that no
    more commands can be taken. `forgot` says that the client remembers a lane of this number that
    is gone here. `arena` is where the client writes down what has arrived, if it does.
    `waits` has for each agent the lock that it waits for: see `memory.ring`.
    """

    __slots__ = (
        "acknowledged",
        "arena",
        "deadlines",
        "forgot",
        "is_full",
        "kept_bytes",
        "newest",
        "number",
        "replies",
        "send",
        "session",
        "thread",
        "waiters",
        "waits",
        "withdrawn",
    )

    def __init__(self, session: Session, hello: Hello, deadlines: Deadlines) -> None:
        self.session = session
        self.number = hello.lane
        self.thread = hello.thread
        self.deadlines = deadlines
        self.send: Callable[[Frame], None] | None = None
        self.acknowledged: int = 0  # pyright would infer it from itself, around a ring of imports
        self.arena: Arena | None = None
        self.newest = 0
        self.forgot = hello.resumes
        self.is_full = False
        self.kept_bytes = 0
        self.replies: dict[int, tuple[Frame, Undo | None]] = {}
        self.waiters: dict[int, Waiter] = {}
        self.waits: dict[int, Any] = {}
        self.withdrawn: set[int] = set()

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

    def tell(self, frame: Frame) -> None:
        """Send the frame of the reply to a query; if it is lost, it can be asked again."""
        send = self.send
        if send is not None:
            send(frame)

    def tell_failure(self, number: int, error: Exception) -> None:
        """Reply to a request that was not carried out; it need not be remembered."""
        if self.send is not None:
            self.send(failure_of(number, error))

    def answer(self, number: int, result: Any, undo: Undo | None = None) -> None:
        """Reply to a command with its result, and remember the reply."""
        self.reply(number, messages.answer(number, result), undo)

    def fail(self, number: int, error: Exception) -> None:
        """Reply to a command with an error, and remember the reply."""
        self.reply(number, failure_of(number, error), None)

    def reply(self, number: int, frame: Frame, undo: Undo | None) -> None:
        """Send the frame of a reply, and remember it, and how to undo what it says.

        Of what can be undone the frame need not be remembered if there is no room: see `repeat`.
        """
        replies = self.replies
        replies[number] = frame, undo
        size = self.kept_bytes = self.kept_bytes + len(frame)
        if size >= REMEMBERED_BYTES or len(replies) >= REMEMBERED_REPLIES:
            if size > REMEMBERED_BYTES and undo is not None:
                replies[number] = b"", undo
                self.kept_bytes -= len(frame)
            self.is_full = self._overflows()
        send = self.send
        if send is not None:
            send(frame)

    def repeat(self, number: int, now: float) -> bool | None:
        """Answer a request that was received before from memory; return whether that is all.

        If not, it is to be carried out: it waited when its connection broke, or what it did has
        just been undone. None says that there is no memory of it.
        """
        if number in self.waiters:
            return True
        if number in self.withdrawn:
            self.withdrawn.discard(number)
            return False
        frame, _ = self.replies.get(number, (None, None))
        if frame is None:
            return None
        if not frame:
            self.cancel(number, now)
            return False
        if self.send is not None:
            self.send(frame)
        return True

    def acknowledge(self, number: int) -> None:
        """Forget the replies up to `number`: the client has them."""
        replies = self.replies
        if number == self.acknowledged + 1:  # as a blocking client does
            found = replies.pop(number, None)
            if found is not None:
                self.kept_bytes -= len(found[0])
        elif len(replies) >= number - self.acknowledged:
            for arrived in range(self.acknowledged + 1, number + 1):
                self._forget(arrived)
        else:
            for arrived in [each for each in replies if each <= number]:
                self._forget(arrived)
        if self.withdrawn:
            self.withdrawn = {each for each in self.withdrawn if each > number}
        self.acknowledged = number
        if self.is_full:
            self.is_full = self._overflows()

    def arrived(self, newest: int, missing: set[int]) -> None:
        """Forget the replies up to `newest` but for those that are `missing`."""
        for number in [each for each in self.replies if each <= newest and each not in missing]:
            self._forget(number)
        self.is_full = self._overflows()

    def read_arrivals(self) -> None:
        """Confirm what the client has written down as the last that has arrived."""
        if self.arena is not None:
            self.confirm(self.arena.noted())

    def leave_arena(self) -> None:
        """Read for the last time what a connection shared, which is gone or replaced."""
        self.read_arrivals()
        self.arena = None

    def confirm(self, number: int) -> None:
        """Forget one reply: what it carried has arrived."""
        self._forget(number)
        self.is_full = self.is_full and self._overflows()

    def cancel(self, number: int, now: float) -> None:
        """Undo a request that its caller gave up: parked or answered, it has had no effect."""
        waiter = self.waiters.get(number)
        if waiter is not None:
            waiter.withdraw(now)
        self.withdrawn.discard(number)
        undo = self._forget(number)
        self.is_full = self.is_full and self._overflows()
        if undo is not None:
            undo(now)

    def check_room(self) -> None:
        """Let one more request wait.

        Raises:
            LimitExceeded: too many do, or have to come again.
        """
        if len(self.waiters) + len(self.withdrawn) >= MAX_PARKED:
            raise LimitExceeded(
                f"{MAX_PARKED} requests of this connection wait already: spread them over more"
            )

    def refusal(self) -> LimitExceeded:
        """Return why no more commands are taken while the lane `is_full`."""
        return LimitExceeded(
            f"the replies to {len(self.replies)} requests of this connection, "
            f"{self.kept_bytes} bytes, are not known to have arrived: have fewer under way"
        )

    def _overflows(self) -> bool:
        return len(self.replies) >= REMEMBERED_REPLIES or self.kept_bytes >= REMEMBERED_BYTES

    def _forget(self, number: int) -> Undo | None:
        """Forget one reply; return how it could have been undone."""
        frame, undo = self.replies.pop(number, (b"", None))
        self.kept_bytes -= len(frame)
        return undo

    def withdraw_all(self, now: float) -> None:
        """Withdraw every waiter; it may be asked for again.

        One that leaves may let the next one go on, which is answered then, and not withdrawn.
        """
        for number, waiter in list(self.waiters.items()):
            if number in self.waiters:
                self.withdrawn.add(number)
                with contained("the end of a wait"):
                    waiter.withdraw(now)

    def undo_all(self, now: float) -> None:
        """Take back what was handed over and is not known to have arrived, the newest first."""
        self.read_arrivals()
        for _, undo in reversed(list(self.replies.values())):
            if undo is not None:
                with contained("taking back what was handed over"):
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
