"""The async client: one connection, any number of tasks, and their futures.

Requests are written when the loop has had its turn, so what a hundred tasks send in one turn is one
write. A task that is cancelled takes its request back: its waiter leaves the line, and what was on
its way to it returns. A connection that breaks is made anew, and what is not answered yet is sent
again (see `reconnect`).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Generator
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from shared_state_protocol.address import Address
from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import Arguments, Awaiting, Caller, Made, Operation
from shared_state_protocol.errors import StateLost
from shared_state_protocol.names import check_name
from shared_state_protocol.state import LockInfo, ObjectInfo, State
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.handshake import Welcome
from shared_state_protocol.wire.large import LARGE_BYTES
from shared_state_protocol.wire.liveness import PEER_TIMEOUT_S

from .accessors import AwaitingAccessors
from .agents import TASKS, number_of_task
from .blocking import DEFAULT_TIMEOUT_S
from .credentials import Places, find_addresses, find_key
from .gate import GATED, Gate, refusal_of
from .holdings import Holdings
from .objects import AWAITING
from .proxy import AsyncProxy, opening_of, reference_to, type_name
from .reconnect import LOST, Opening
from .request import Message, Request, is_closing
from .session import Session
from .wire import Wire, dial, redial

__all__ = ["AsyncClient", "connect_async"]

LANE = 1

ARRIVED_UNTOLD = 1024
"""Replies after which the server is told that they have come, although an earlier one has not. It
remembers many times as many; as many again as there are requests under way, if these are more."""

LOOKS = 4
"""How often within the timeout overdue requests are looked for: one timer for all, not one each."""

MAX_OPENED = 10_000
"""Names of which is remembered that they are of the type; others cost one more round trip."""

T = TypeVar("T", bound=AsyncProxy)

Infos = list[ObjectInfo]
Locks = list[LockInfo]


class _State(State, Awaiting):
    """The whole state, for an async client."""


class AsyncClient(AwaitingAccessors):
    """A connection to a server, for the tasks of one event loop.

    Made by ``async with connect_async(…) as client`` or ``client = await connect_async(…)``.
    Objects come from the methods named after their types. These return at once; a name that belongs
    to another type shows at the first operation, as `TypeMismatch`.
    """

    def __init__(
        self,
        addresses: tuple[Address, ...],
        key: bytes,
        timeout: float,
        same_host: bool,
        peer_timeout: float,
        pickle: bool,
    ) -> None:
        self.codec = Codec(
            pickle=pickle,
            refer=self._refer,
            resolve=self._resolve,
            longest_whole=LARGE_BYTES,
        )
        self._session = Session(addresses, key, timeout, same_host, peer_timeout, self.codec)
        self.callers = Made(self._caller)
        self._state = _State("", self)
        self._wire: Wire | None = None
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
        self.holdings = Holdings()
        self._is_closed = False
        # By the operation and the name: openings that the server has accepted.
        self._opened: set[tuple[str, str]] = set()
        self._loss: StateLost | None = None  # that nobody has been told of

    # Objects

    async def objects(self) -> Infos:
        """Return the name, type and size of every object, ordered by name."""
        return [info async for info in self._state.objects()]

    async def locks(self) -> Locks:
        """Return what is held or waited for and by whom, ordered by name: see `LockInfo`."""
        return await self._state.locks()

    async def delete(self, name: str) -> bool:
        """Remove an object; whoever waits on it gets `ObjectNotFound`. False if there is none."""
        self._session.forget(name)
        return await self._state.delete(name)

    async def ping(self) -> float:
        """Make one round trip and return how many seconds it took."""
        started = time.perf_counter()
        await self._state.version()
        return time.perf_counter() - started

    @property
    def address(self) -> Address:
        """The address that was connected to."""
        return self._session.address

    @property
    def instance(self) -> bytes:
        """Which run of which server this is; the same for all of its addresses."""
        return self._session.instance

    @property
    def location(self) -> str:
        """All addresses that were given, with commas between them."""
        return self._session.location

    @property
    def transport(self) -> str:
        """How the server is reached now: ``tcp`` or ``unix``, or empty while it is not."""
        return self._wire.kind if self._wire is not None else ""

    async def close(self) -> None:
        """Say goodbye: the server frees what this client holds. Closing twice is allowed."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        self._fail_all(ConnectionAbortedError("this client was closed"))
        wire = self._wire
        if wire is not None:
            self._outbox.append(messages.notice(messages.GOODBYE))
            self._flush()
            wire.transport.close()
            await wire.closed.wait()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        state = "closed async client" if self._is_closed else "async client"
        return f"<shared_state {state} of {self.address}>"

    # Calls

    def _caller(self, operation: Operation[..., Any]) -> Caller:
        """Return what makes the coroutine of a call's result, or the async iterator of a stream."""
        return partial(self._read_batches if operation.batched else self._call, operation)

    async def _call(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Any:
        wire = await self._exchange(operation, name, arguments)
        if operation.confirms:
            return wire  # decoded before its arrival was confirmed
        return self._session.decoders[operation](wire, arguments)

    async def _exchange(
        self, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> Any:
        if self._loss is not None:
            loss, self._loss = self._loss, None
            raise loss
        request, future = self._begin(operation, name, arguments)
        number = request.number
        try:
            message = await future
            if len(message) != messages.ANSWER_PARTS and is_closing(message):
                message = await self._leave_closing(request, message)
            if operation.confirms:
                message = self._session.opened(operation, message)
        except BaseException as error:
            if not (isinstance(error, asyncio.CancelledError) and self._goes_on(number)):
                self._give_up(number)
            raise
        finally:
            self._unread.discard(number)
        if operation.confirms and len(message) == messages.ANSWER_PARTS:
            self._write(messages.notice(messages.CONFIRM, number))
        return self._session.result_of(message)

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
        if self._wire is None:  # else it ends when the server has said all that it has to say
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
        if not self._is_closed:
            self._given_up.append((number, self._previous))
            self._write(messages.notice(messages.CANCEL, number))

    def _begin(
        self, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> tuple[Request, asyncio.Future[Message]]:
        if self._is_closed:
            raise ValueError("this client is closed")
        if operation.wants_agent:
            arguments = operation.with_agent(arguments, number_of_task())
        return self._ask(operation, name, self._session.encoders[operation](arguments))

    def _ask(
        self, operation: Operation[..., Any], name: str, encoded: Arguments
    ) -> tuple[Request, asyncio.Future[Message]]:
        loop = asyncio.get_running_loop()
        number = self._previous = self._previous + 1
        request = Request(number, operation, name, encoded, loop.time())
        frame = request.frame(self._acknowledged)
        self._session.check_size(frame)
        future: asyncio.Future[Message] = loop.create_future()
        self._pending[number] = request, future
        if self._patience is None:
            self._watch()
        if self._wire is None:
            self._reconnect()
        elif len(frame) > LARGE_BYTES:
            for part in self._wire.parts(frame):
                self._write(part)
        else:
            self._write(frame)  # type: ignore[arg-type]  # what is short is in one piece
        return request, future

    async def _read_batches(
        self, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> AsyncIterator[Any]:
        cursor, batch = await self._exchange(operation, name, arguments)
        try:
            while True:
                for item in self._session.decoders[operation](batch, ()):
                    yield item
                if cursor is None:
                    return
                following, cursor = cursor, None
                cursor, batch = await self._state.next_batch(following)
        finally:
            if cursor is not None and not self._is_closed:
                self._mention(State.close_cursor, "", (cursor,))

    def _open(self, proxy_class: type[T], name: str, *arguments: Any) -> T:
        """Send the request that creates the object; whatever follows it finds the object there."""
        check_name(name)
        bound, operation = proxy_class(name, self), opening_of(proxy_class)
        future = self._mention(operation, name, arguments)
        encoded = self._session.encoders[operation](arguments)
        self._session.remember(Opening(operation, name, encoded), bound)
        if type_name(proxy_class) in GATED:
            opened = operation.wire, name
            gate = None if opened in self._opened else Gate(self)
            bound.client = gate or self
            future.add_done_callback(lambda done: self._end_opening(bound, opened, done))
        return bound

    def _end_opening(
        self, bound: AsyncProxy, opened: tuple[str, str], done: asyncio.Future[Message]
    ) -> None:
        """Let the operations of an object go on, or refuse them, as its opening turned out."""
        refusal = self._refusal_of(done)
        if refusal is not None:
            self._opened.discard(opened)
            if bound.client is self:
                bound.client = Gate(self)
        elif len(self._opened) < MAX_OPENED:
            self._opened.add(opened)
        if isinstance(bound.client, Gate):
            bound.client.end(refusal)
            bound.client = self if refusal is None else bound.client

    def _refusal_of(self, done: asyncio.Future[Message]) -> Exception | None:
        if done.cancelled() or done.exception() or len(done.result()) == messages.ANSWER_PARTS:
            return None
        return refusal_of(self._session.error_of(done.result()))

    def _mention(
        self, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> asyncio.Future[Message]:
        """Send a request whose outcome nobody waits for."""
        request, future = self._begin(operation, name, arguments)
        self._expect(request, future)
        return future

    def _expect(self, request: Request, future: asyncio.Future[Message]) -> None:
        """Take a reply that nobody waits for."""
        request.is_heard = False
        future.add_done_callback(lambda done: self._pass_over(request.number, done))

    def _pass_over(self, number: int, done: asyncio.Future[Message]) -> None:
        """Take note of a reply that nobody waits for, or asyncio will complain of an error."""
        self._unread.discard(number)
        if not done.cancelled():
            done.exception()

    def _refer(self, value: object) -> tuple[str, str] | None:
        return reference_to(value, self)

    def _resolve(self, type_name: str, name: str) -> AsyncProxy:
        return AWAITING[type_name](name, self)

    # Replies

    def receive(self, message: Message) -> None:
        """Take a reply from the wire."""
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

    def _fail_all(self, error: Exception) -> None:
        for _, future in self._pending.values():
            if not future.done():
                future.set_exception(error)
        self._pending.clear()

    def _watch(self) -> None:
        """Look at the pending requests now and then, as long as there are any."""
        now, timeout = asyncio.get_running_loop().time(), self._session.timeout
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

    # The connection

    async def connect(self) -> None:
        """Connect; see `connect_async` for what this may raise."""
        wire, welcome = await dial(self, self._session, LANE, TASKS)
        self._session.know(welcome, LANE)
        self._use(wire)

    def _use(self, wire: Wire) -> None:
        if wire.closed.is_set():
            self.lost(wire)
            return
        self._wire = wire
        self._outbox.clear()

    def lost(self, wire: Wire) -> None:
        """Take note that a connection is gone."""
        if wire is not self._wire and self._wire is not None:
            return
        self._wire = None
        if self._pending and not self._is_closed:
            self._reconnect()

    def _reconnect(self) -> None:
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect_again())

    async def _connect_again(self) -> None:
        before = self._session.instance
        try:
            wire, welcome = await redial(self, self._session, LANE, TASKS)
        except Exception as error:  # noqa: BLE001  # whatever it is, the callers have to know
            self._fail_all(error)
            return
        finally:
            self._connecting = None
        self._session.know(welcome, LANE)
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
        for opening in list(self._session.openings.values()):
            self._expect(*self._ask(opening.operation, opening.name, opening.arguments))

    def _write(self, frame: bytes | memoryview) -> None:
        if self._wire is None:
            return  # what is pending is written when there is a connection again
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outbox.append(frame)

    def _flush(self) -> None:
        out, self._outbox = self._outbox, []
        if self._wire is not None and out:
            self._wire.transport.write(b"".join(out))


class connect_async:  # noqa: N801  # it is called as a function
    """Connect to a server: ``async with connect_async(…) as client``, or await it.

    Arguments and errors are those of `connect`.
    """

    def __init__(
        self,
        address: Places | None = None,
        *,
        authkey: bytes | None = None,
        timeout: float = DEFAULT_TIMEOUT_S,
        same_host: bool = True,
        peer_timeout: float = PEER_TIMEOUT_S,
        pickle: bool = False,
    ) -> None:
        self._addresses = find_addresses(address)
        self._key = find_key(authkey)
        self._options = timeout, same_host, peer_timeout, pickle
        self._client: AsyncClient | None = None

    def __await__(self) -> Generator[Any, None, AsyncClient]:
        return self._connect().__await__()

    async def __aenter__(self) -> AsyncClient:
        self._client = await self._connect()
        return self._client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self._client.close()

    async def _connect(self) -> AsyncClient:
        client = AsyncClient(self._addresses, self._key, *self._options)
        await client.connect()
        return client
