"""The async client: any number of tasks of one event loop, and one connection for them all.

A fork has its parent's connection too, and a copy of its loop, with which nothing can be done: its
client is closed before its first line runs.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Generator
from functools import partial
from types import TracebackType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from shared_state_protocol.address import Address
from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import Arguments, Awaiting, Caller, Made, Operation
from shared_state_protocol.names import check_name
from shared_state_protocol.state import LockInfo, ObjectInfo, State
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.large import LARGE_BYTES
from shared_state_protocol.wire.liveness import PEER_TIMEOUT_S

from .accessors import AwaitingAccessors
from .agents import number_of_task
from .async_lane import AsyncLane
from .credentials import Places, find_addresses, find_key
from .gate import GATED, Gate, refusal_of
from .holdings import Holdings
from .objects import AWAITING
from .proxy import AsyncProxy, opening_of, reference_to, type_name
from .reconnect import Opening
from .request import Message
from .session import DEFAULT_TIMEOUT_S, Session

__all__ = ["AsyncClient", "connect_async"]

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
        self._lane = AsyncLane(self._session, self._open_the_rest)
        self.holdings = Holdings()
        # By the operation and the name: openings that the server has accepted.
        self._opened: set[tuple[str, str]] = set()
        # Objects whose openings were not heard, and are sent again with the next connection.
        self._unopened: WeakKeyDictionary[AsyncProxy, Opening] = WeakKeyDictionary()
        _known.add(self)

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
        return self._lane.wire.kind if self._lane.wire is not None else ""

    async def close(self) -> None:
        """Say goodbye: the server frees what this client holds. Closing twice is allowed."""
        await self._lane.close()

    def end_in_child(self) -> None:
        """Be closed: this process is a fork of the one that connected, which goes on."""
        self._lane.end_in_child()
        self.holdings.clear()

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
        state = "closed async client" if self._session.is_closed else "async client"
        return f"<shared_state {state} of {self.address}>"

    # Calls

    async def connect(self) -> None:
        """Connect; see `connect_async` for what this may raise."""
        await self._lane.connect()

    def _caller(self, operation: Operation[..., Any]) -> Caller:
        """Return what makes the coroutine of a call's result, or the async iterator of a stream.

        What is looked up here is not looked up in each call.
        """
        if operation.is_stream:
            return partial(self._read_stream, operation)
        exchange, encode = self._lane.exchange, self._session.encoders[operation]
        wants_agent, with_agent = operation.wants_agent, operation.with_agent
        # A delivery was decoded before its arrival was confirmed.
        is_result = operation.confirms or operation.is_verbatim
        decode = self._session.decoders[operation]

        async def call(name: str, arguments: Arguments) -> Any:
            if wants_agent:
                arguments = with_agent(arguments, number_of_task())
            wire = await exchange(operation, name, encode(arguments))
            return wire if is_result else decode(wire, arguments)

        return call

    async def _read_stream(
        self, operation: Operation[..., Any], name: str, arguments: Arguments
    ) -> AsyncIterator[Any]:
        encoded = self._session.encoders[operation](arguments)
        cursor, portion = await self._lane.exchange(operation, name, encoded)
        try:
            while True:
                for item in self._session.decoders[operation](portion, ()):
                    yield item
                if cursor is None:
                    return
                following, cursor = cursor, None
                cursor, portion = await self._state.next_portion(following)
        finally:
            if cursor is not None and not self._session.is_closed:
                self._lane.mention(State.close_cursor, "", (cursor,))

    def _open(self, proxy_class: type[T], name: str, *arguments: Any) -> T:
        """Send the request that creates the object; whatever follows it finds the object there."""
        check_name(name)
        bound, operation = proxy_class(name, self), opening_of(proxy_class)
        opening = Opening(operation, name, self._session.encoders[operation](arguments))
        if type_name(proxy_class) in GATED and (operation.wire, name) not in self._opened:
            bound.client = Gate(self)
        self._send_opening(bound, opening)
        self._session.remember(opening, bound)
        return bound

    def _send_opening(self, bound: AsyncProxy, opening: Opening) -> None:
        future = self._lane.mention(opening.operation, opening.name, opening.arguments)
        future.add_done_callback(partial(self._end_opening, bound, opening))

    def _open_the_rest(self) -> None:
        """Send the openings again that were not heard, before what is done with their objects."""
        unopened = list(self._unopened.items())
        self._unopened.clear()
        for bound, opening in unopened:
            self._send_opening(bound, opening)

    def _end_opening(
        self, bound: AsyncProxy, opening: Opening, done: asyncio.Future[Message]
    ) -> None:
        """Let the operations of an object go on, or refuse them, as its opening turned out."""
        is_heard = not done.cancelled() and done.exception() is None
        if not is_heard:
            self._unopened[bound] = opening
        if type_name(type(bound)) not in GATED:
            return
        refusal, opened = self._refusal_of(done), (opening.operation.wire, opening.name)
        if refusal is not None:
            self._opened.discard(opened)
            if bound.client is self:
                bound.client = Gate(self)
        elif is_heard and len(self._opened) < MAX_OPENED:
            self._opened.add(opened)
        if isinstance(bound.client, Gate):
            bound.client.end(refusal)
            bound.client = self if refusal is None else bound.client

    def _refusal_of(self, done: asyncio.Future[Message]) -> Exception | None:
        if done.cancelled() or done.exception() or len(done.result()) == messages.ANSWER_PARTS:
            return None
        return refusal_of(self._session.error_of(done.result()))

    def _refer(self, value: object) -> tuple[str, str] | None:
        return reference_to(value, self)

    def _resolve(self, type_name: str, name: str) -> AsyncProxy:
        return AWAITING[type_name](name, self)


_known: WeakSet[AsyncClient] = WeakSet()
"""The clients of this process, for its forks."""


def _end_in_child() -> None:
    for client in list(_known):
        client.end_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_end_in_child)


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
