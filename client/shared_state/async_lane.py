"""The lane of an async client: one connection, the requests of any number of tasks, their futures.

Requests are written when the loop has had its turn, so what a hundred tasks send in one turn is one
write. A task that is cancelled takes its request back: its waiter leaves the line, and what was on
its way to it returns. A connection that breaks is made anew, and what is not answered yet is sent
again (see `reconnect`). `lane` does the same for a thread that blocks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import StateLost
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.handshake import Welcome
from shared_state_protocol.wire.large import LARGE_BYTES

from .agents import TASKS
from .reconnect import LOST, Breaks
from .request import Message, Request, is_closing
from .wire import Wire, dial, redial

if TYPE_CHECKING:
    from .session import Session

__all__ = ["ARRIVED_UNTOLD", "AsyncLane"]

ARRIVED_UNTOLD = 1024
"""Replies after which the server is told that they have come, although an earlier one has not. It
remembers many times as many; as many again as there are requests under way, if these are more."""

LOOKS = 4
"""How often within the timeout overdue requests are looked for: one timer for all, not one each."""


class AsyncLane:
    """The connection of an async client. `wire` is None while there is none.

    `reconnecting` is called before another one is looked for: what is asked by it comes first.
    """

    number = 1
    thread = TASKS

    def __init__(self, session: Session, reconnecting: Callable[[], None]) -> None:
        self.session = session
        self._reconnecting = reconnecting
        self.wire: Wire | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._previous = 0
        self._acknowledged = 0
        self._pending: dict[int, tuple[Request, asyncio.Future[Message]]] = {}
        # Replies that have come while their callers have not had their turn: these may yet be
        # cancelled, and the server can take back only what was not acknowledged.
        self._unread: set[int] = set()
        self._untold = 0
        self._outbox: list[bytes | memoryview] = []
        self._given_up: deque[tuple[int, int]] = deque()
        self._patience: asyncio.TimerHandle | None = None
        self._loss: StateLost | None = None  # that nobody has been told of
        self._breaks = Breaks(session.timeout)
        self._wires: WeakSet[Wire] = WeakSet()  # with those that are just being opened

    # Calls

    async def exchange(
        self, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> Any:
        """Send one request with encoded `arguments` and return its result, still encoded.

        The result of a delivery is decoded already: only what can be read is confirmed.

        Raises:
            LimitExceeded: the request is larger than the server reads.
            TimeoutError: no reply in time to a request that need not wait.
            Exception: what the server answered.
        """
        if self._loss is not None:
            loss, self._loss = self._loss, None
            raise loss
        request, future = self._ask(operation, name, arguments)
        number = request.number
        try:
            message = await future
            if len(message) != messages.ANSWER_PARTS and is_closing(message):
                message = await self._leave_closing(request, message)
            if operation.confirms:
                message = self.session.opened(operation, message)
        except BaseException as error:
            if not (isinstance(error, asyncio.CancelledError) and self._goes_on(number)):
                self._give_up(number)
            raise
        finally:
            self._unread.discard(number)
        if operation.confirms and len(message) == messages.ANSWER_PARTS:
            self._write(messages.notice(messages.CONFIRM, number))
        return self.session.result_of(message)

    def mention(
        self, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> asyncio.Future[Message]:
        """Send a request for whose outcome nobody waits; return the reply that will come."""
        request, future = self._ask(operation, name, arguments)
        self._expect(request, future)
        return future

    def _ask(
        self, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> tuple[Request, asyncio.Future[Message]]:
        if self.session.is_closed:
            raise ValueError("this client is closed")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            raise RuntimeError("this client belongs to another event loop: make one in each")
        if self.wire is None:
            self._reconnect()
        number = self._previous = self._previous + 1
        request = Request(number, operation, name, arguments, loop.time())
        frame = request.frame(self._acknowledged)
        self.session.check_size(frame)
        future: asyncio.Future[Message] = loop.create_future()
        self._pending[number] = request, future
        if self._patience is None:
            self._watch()
        if self.wire is not None and len(frame) > LARGE_BYTES:
            for part in self.wire.parts(frame):
                self._write(part)
        else:
            self._write(frame)  # type: ignore[arg-type]  # what is short is in one piece
        return request, future

    def _expect(self, request: Request, future: asyncio.Future[Message]) -> None:
        """Take a reply that nobody waits for."""
        request.is_heard = False
        future.add_done_callback(lambda done: self._pass_over(request.number, done))

    def _pass_over(self, number: int, done: asyncio.Future[Message]) -> None:
        """Take note of a reply that nobody waits for, or asyncio will complain of an error."""
        self._unread.discard(number)
        if not done.cancelled():
            done.exception()

    # Replies

    def receive(self, message: Message) -> None:
        """Take a reply from the wire."""
        self._breaks.heard()
        while self._given_up and self._given_up[0][1] < message[0]:
            self._given_up.popleft()
        _, future = self._pending.pop(message[0], (None, None))
        if future is not None:
            self._unread.add(message[0])
            if not future.done():
                future.set_result(message)
        pending, unread = self._pending, self._unread
        while (following := self._acknowledged + 1) <= self._previous:
            if following in pending or following in unread:
                break
            self._acknowledged = following
        if message[0] > self._acknowledged:
            self._untold += 1
            if self._untold > ARRIVED_UNTOLD and self._untold > len(pending):
                self._tell_arrived()

    def _tell_arrived(self) -> None:
        """Have the server forget what came after a reply that is still to come."""
        self._untold = 0
        missing = (*self._pending, *self._unread)
        self._write(messages.notice(messages.ARRIVED, self._previous, *missing))

    # What may go wrong

    def _goes_on(self, number: int) -> bool:
        """Have a command whose caller was cancelled be carried out all the same, if it is one.

        As what was written cannot be unwritten: so a lock that is being released is released, also
        if the connection is just being made anew.
        """
        request, _ = self._pending.get(number, (None, None))
        if request is None or not request.operation.changes or request.operation.can_be_undone:
            return False
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._pending[number] = request, future
        self._expect(request, future)
        return True

    async def _leave_closing(self, request: Request, refusal: Message) -> Message:
        """Wait for the server that comes after the one that gave this refusal: it is closing.

        There the request is told that all is lost. If none comes in time, it keeps its refusal.
        """
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._pending[request.number] = request, future
        if self.wire is None:  # else it ends when the server has said all that it has to say
            self._reconnect()
        try:
            return await future
        except OSError:
            return refusal
        finally:
            self._pending.pop(request.number, None)

    def _give_up(self, number: int) -> None:
        """Cancel a call that ends without a reply, so that it has had no effect.

        The cancel is sent again with each new connection until a later request was answered: by
        then the server has read it.
        """
        self._pending.pop(number, None)
        if not self.session.is_closed:
            self._given_up.append((number, self._previous))
            self._write(messages.notice(messages.CANCEL, number))

    def _watch(self) -> None:
        """Look at the pending requests now and then, as long as there are any."""
        now, timeout = asyncio.get_running_loop().time(), self.session.timeout
        for request, future in list(self._pending.values()):
            if self._connecting is not None:
                break  # if nobody is reached, they are told so
            if now > request.started + timeout and request.is_overdue(now, timeout):
                del self._pending[request.number]
                late = f"{request.operation.wire} had no reply within {timeout:g} s"
                if not future.done():
                    future.set_exception(TimeoutError(late))
        self._patience = (
            asyncio.get_running_loop().call_later(timeout / LOOKS, self._watch)
            if self._pending
            else None
        )

    def _fail_all(self, error: Exception) -> None:
        for _, future in self._pending.values():
            if not future.done():
                future.set_exception(error)
        self._pending.clear()

    # The connection

    async def connect(self) -> None:
        """Connect; see `connect_async` for what this may raise."""
        self._loop = asyncio.get_running_loop()
        wire, welcome = await dial(self)
        self.session.know(welcome, self.number)
        self._use(wire)

    async def close(self) -> None:
        """Say goodbye, and fail whoever waits for a reply. Closing twice is allowed."""
        if self.session.is_closed:
            return
        self.session.is_closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        self._fail_all(ConnectionAbortedError("this client was closed"))
        wire = self.wire
        if wire is not None:
            self._outbox.append(messages.notice(messages.GOODBYE))
            self._flush()
            wire.close()
            await wire.closed.wait()

    def end_in_child(self) -> None:
        """Let go of every connection: this process is a fork, and they are its parent's."""
        self.session.is_closed = True
        self.wire = None
        for wire in self._wires:
            wire.end_in_child()

    def made(self, wire: Wire) -> None:
        """Take note of a connection that is being opened."""
        self._wires.add(wire)

    def lost(self, wire: Wire) -> None:
        """Take note that a connection is gone, and look for another one, whoever needs it.

        What this client holds is given up if it does not come back, also if it says nothing. If
        nobody is found within the timeout, the next call looks again.
        """
        if wire is not self.wire and self.wire is not None:
            return
        was_in_use, self.wire = self.wire is not None, None
        if self.session.is_closed or not was_in_use:
            return
        try:
            self._breaks.check(asyncio.get_running_loop().time())
        except ConnectionResetError as error:
            self._fail_all(error)
        else:
            self._reconnect()

    def _use(self, wire: Wire) -> None:
        self._breaks.made(asyncio.get_running_loop().time())
        self.wire = wire
        self._outbox.clear()
        if wire.closed.is_set():
            self.lost(wire)
        else:
            wire.end_in_order()

    def _reconnect(self) -> None:
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect_again())
            self._reconnecting()

    async def _connect_again(self) -> None:
        before = self.session.instance
        try:
            wire, welcome = await redial(self)
        except Exception as error:  # noqa: BLE001  # whatever it is, the callers have to know
            self._fail_all(error)
            return
        finally:
            self._connecting = None
        self.session.know(welcome, self.number)
        self._use(wire)
        self._send_again(welcome, before)

    def _send_again(self, welcome: Welcome, before: bytes) -> None:
        now, is_lost = asyncio.get_running_loop().time(), welcome.instance != before
        if is_lost:
            self._given_up.clear()
            if not any(request.is_heard for request, _ in self._pending.values()):
                self._loss = StateLost(LOST)
        for number, _ in self._given_up:
            self._write(messages.notice(messages.CANCEL, number))
        for request, future in list(self._pending.values()):
            lost = request.lost_by(welcome, before, now)
            if lost is None:
                self._write(request.whole_frame(acknowledged=0))
                continue
            del self._pending[request.number]
            if not future.done():
                future.set_result(lost)
        if is_lost:
            self._open_again()

    def _open_again(self) -> None:
        """Have the objects that this client has opened on an instance that knows none of them."""
        for opening in list(self.session.openings.values()):
            self.mention(opening.operation, opening.name, opening.arguments)

    def _write(self, frame: bytes | memoryview) -> None:
        if self.wire is None:
            return  # what is pending is written when there is a connection again
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outbox.append(frame)

    def _flush(self) -> None:
        out, self._outbox = self._outbox, []
        if self.wire is not None and out:
            self.wire.transport.write(b"".join(out))
