"""The blocking client: every thread that uses it has a connection of its own.

So threads never wait for each other, and no thread of ours is running. A fork has the parent's
sockets too; it forgets them and becomes a session of its own, before its first line runs.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from shared_state_protocol.address import Address
from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import Arguments, Blocking, Caller, Made, Operation
from shared_state_protocol.names import check_name
from shared_state_protocol.split import Split
from shared_state_protocol.state import LockInfo, ObjectInfo, State
from shared_state_protocol.wire.large import LARGE_BYTES
from shared_state_protocol.wire.liveness import PEER_TIMEOUT_S

from .accessors import BlockingAccessors
from .batch import Batch
from .busy_poll import BUSY_POLL_S
from .credentials import Places, find_addresses, find_key
from .holdings import Holdings
from .lane import Lane, Reach
from .objects import BLOCKING
from .proxy import Proxy, opening_of, reference_to
from .reconnect import Opening
from .session import DEFAULT_TIMEOUT_S, Session
from .sockets import dial

__all__ = ["Client", "client_at", "connect"]

T = TypeVar("T", bound=Proxy)

Lanes = list[tuple[Lane, "weakref.ref[threading.Thread]"]]
Infos = list[ObjectInfo]
Locks = list[LockInfo]


class _State(State, Blocking):
    """The whole state, for a blocking client."""


class Client(BlockingAccessors):
    """A connection to a server, for blocking calls from any number of threads.

    Objects come from the methods named after their types: ``client.dict("config")`` gets the dict
    of that name, creating it if there is none, and raises `TypeMismatch` if the name belongs to
    another type. Also a context manager, which closes at the end.
    """

    def __init__(
        self,
        addresses: tuple[Address, ...],
        key: bytes,
        *,
        timeout: float = DEFAULT_TIMEOUT_S,
        same_host: bool = True,
        peer_timeout: float = PEER_TIMEOUT_S,
        pickle: bool = False,
        busy_poll: float = BUSY_POLL_S,
    ) -> None:
        self.codec = Codec(
            pickle=pickle,
            refer=self._refer,
            resolve=self._resolve,
            longest_whole=LARGE_BYTES,
        )
        self._session = Session(
            addresses, key, timeout, same_host, peer_timeout, self.codec, busy_poll
        )
        self.callers = Made(self._caller)
        self._state = _State("", self)
        self._guard = threading.RLock()  # a signal handler may call in the middle of anything
        self._local = threading.local()
        self._lanes: Lanes = []
        self._numbers = itertools.count(1)
        self._abandoned: list[int] = []
        self.holdings = Holdings()
        _known[self] = None
        self._lane()

    # Objects

    def objects(self) -> Infos:
        """Return the name, type and size of every object, ordered by name."""
        return list(self._state.objects())

    def locks(self) -> Locks:
        """Return what is held or waited for and by whom, ordered by name: see `LockInfo`."""
        return self._state.locks()

    def delete(self, name: str) -> bool:
        """Remove an object; whoever waits on it gets `ObjectNotFound`. False if there is none."""
        self._session.forget(name)
        return self._state.delete(name)

    # The connection

    def batch(self) -> Batch:
        """Return a block in which the operations of a thread are collected into few requests."""
        return Batch(self._session, self._lane)

    def ping(self) -> float:
        """Make one round trip and return how many seconds it took."""
        started = time.perf_counter()
        self._state.version()
        return time.perf_counter() - started

    @property
    def version(self) -> str:
        """The version of the server."""
        return self._state.version()

    @property
    def address(self) -> Address:
        """The address that was connected to."""
        return self._session.address

    @property
    def location(self) -> str:
        """All addresses that were given, with commas between them; proxies pickle with it."""
        return self._session.location

    @property
    def key(self) -> bytes:
        """The key that was proved; children that are being started get it from here."""
        return self._session.key

    @property
    def instance(self) -> bytes:
        """Which run of which server this is; the same for all of its addresses."""
        return self._session.instance

    @property
    def transport(self) -> str:
        """How this thread reaches the server: ``tcp`` or ``unix``."""
        return self._lane().transport

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._session.is_closed

    def close(self) -> None:
        """Say goodbye: the server frees what this process holds. Closing twice is allowed.

        What other threads wait for ends at once, by ConnectionAbortedError.
        """
        with self._guard:
            lanes, self._lanes = self._lanes, []
            if self._session.is_closed:
                return
            self._session.is_closed = True
        self._forget_lanes()
        # What has arrived is confirmed before the session ends, on a lane that nobody else uses.
        found = sorted((lane for lane, _ in lanes), key=lambda lane: not lane.is_calling)
        for lane in found[:-1]:
            lane.end()
        for lane in found[-1:]:
            lane.say_goodbye()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed client" if self.is_closed else "client"
        return f"<shared_state {state} of {self.address}>"

    # Calls

    def _caller(self, operation: Operation[..., Any]) -> Caller:
        """Make the function that carries out one operation or, inside a batch, notes it.

        What is looked up here is not looked up in each call.
        """
        local, find_lane = self._local, self._lane
        wants_agent, with_agent = operation.wants_agent, operation.with_agent
        encode, finish = self._session.encoders[operation], self._finisher(operation)

        def call(name: str, arguments: Arguments) -> Any:
            try:
                lane: Lane = local.lane
            except AttributeError:
                lane = find_lane()
            if wants_agent:
                arguments = with_agent(arguments, lane.number)
            encoded = encode(arguments)
            if lane.batch is not None and lane.batch.is_held():
                return lane.batch.add(operation, name, arguments, encoded)
            wire = lane.exchange(operation, name, encoded)
            return wire if finish is None else finish(wire, arguments)

        return call

    def _finisher(self, operation: Operation[..., Any]) -> Callable[[Any, Arguments], Any] | None:
        """Return what makes the result of that which `Lane.exchange` returned, if it is not it."""
        if operation.is_stream:
            return lambda wire, arguments: self._begin_stream(operation, wire)
        if operation.confirms or operation.is_verbatim:
            return None  # a delivery was decoded before its arrival was confirmed
        return self._session.decoders[operation]

    def call_large(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Any:
        """Carry out one operation whose last argument is large, or whose result is.

        The argument has to stay as it is meanwhile. The others are plain, so nothing is encoded.
        """
        lane = self._lane()
        if lane.batch is not None and lane.batch.is_held():
            return self.callers[operation](name, arguments)
        *others, last = arguments
        large = Split(b"", last) if type(last) is memoryview else last
        return self._session.decoders[operation](
            lane.exchange(operation, name, (*others, large)), arguments
        )

    def _begin_stream(self, operation: Operation[..., Any], first: Any) -> Iterator[Any]:
        items = self._read_stream(operation, first)
        next(items)
        self._close_abandoned()
        return items

    def _read_stream(self, operation: Operation[..., Any], first: Any) -> Iterator[Any]:
        cursor, portion = first
        try:
            yield None  # `call` takes it: from here on the stream is closed even if nobody reads it
            while True:
                yield from self._session.decoders[operation](portion, ())
                if cursor is None:
                    return
                following, cursor = cursor, None
                cursor, portion = self._lane().exchange(State.next_portion, "", (following,))
        finally:
            if cursor is not None:
                self._abandoned.append(cursor)
                self._close_abandoned()

    def _close_abandoned(self) -> None:
        """Tell the server of streams that were not read to their end.

        Their iterators are collected as garbage in the middle of anything, of another call too: so
        nothing is waited for here, and what cannot be said now is said when the next stream begins.
        """
        lane: Lane | None = getattr(self._local, "lane", None)
        while lane is not None and self._abandoned:
            cursor = self._abandoned.pop()
            if not lane.mention(State.close_cursor, "", (cursor,)):
                self._abandoned.append(cursor)
                return

    def _open(self, proxy_class: type[T], name: str, *arguments: Any) -> T:
        check_name(name)
        bound = proxy_class(name, self)
        operation = opening_of(proxy_class)
        operation(bound, *arguments)
        encoded = self._session.encoders[operation](arguments)
        self._session.remember(Opening(operation, name, encoded), bound)
        return bound

    def _refer(self, value: object) -> tuple[str, str] | None:
        return reference_to(value, self)

    def _resolve(self, type_name: str, name: str) -> Proxy:
        return BLOCKING[type_name](name, self)

    # Lanes

    def _lane(self) -> Lane:
        """Return this thread's lane, made at its first call."""
        local = self._local  # that of a client which is closed meanwhile is not used again
        found: Lane | None = getattr(local, "lane", None)
        if found is None:
            found = local.lane = self._begin_lane()
        return found

    def _begin_lane(self, reach: Reach = dial) -> Lane:
        """Open another connection of this thread."""
        if self.is_closed:
            raise ValueError("this client is closed")
        thread = threading.current_thread()
        lane = Lane(self._session, next(self._numbers), thread.name, self._begin_lane, reach)
        with self._guard:
            if not self.is_closed:
                self._drop_lanes_of_ended_threads()
                self._lanes.append((lane, weakref.ref(thread)))
                return lane
        lane.say_goodbye()
        raise ValueError("this client is closed")

    def _forget_lanes(self) -> None:
        """Have every thread look for its lane anew."""
        self._local = threading.local()
        self.callers.clear()

    def _drop_lanes_of_ended_threads(self) -> None:
        kept: Lanes = []
        for lane, owner in self._lanes:
            thread = owner()
            if thread is None or not thread.is_alive():
                lane.leave()
            else:
                kept.append((lane, owner))
        self._lanes = kept

    def start_again_in_child(self) -> None:
        """Become another session: this process is a fork of the one that connected."""
        for lane, _ in self._lanes:
            lane.close()  # the child's copy of the socket; the parent's goes on
        self._guard = threading.RLock()
        self._session.renew()
        self._forget_lanes()
        self._lanes = []
        self._abandoned.clear()
        self.holdings.clear()


_known: weakref.WeakKeyDictionary[Client, None] = weakref.WeakKeyDictionary()
"""The clients of this process: proxies that arrive by pickle share them."""


def connect(
    address: Places | None = None,
    *,
    authkey: bytes | None = None,
    timeout: float = DEFAULT_TIMEOUT_S,
    same_host: bool = True,
    peer_timeout: float = PEER_TIMEOUT_S,
    pickle: bool = False,
    busy_poll: float = BUSY_POLL_S,
) -> Client:
    """Connect to a server and return the client.

    Args:
        address: ``"host:port"``, ``"tcp://host:port"``, ``"unix:///path"`` or ``(host, port)``; by
            default ``SHARED_STATE_ADDRESS``, else this host's port 50000. A list, or a text with
            commas, names servers that stand in for each other: the first that answers is taken, and
            all together have the `timeout`.
        authkey: the key; by default it is looked for where `credentials` says.
        timeout: seconds, above 0 and finite, for connecting and for every reply that need not wait.
            A call that waits for something has a timeout of its own, or waits for ever.
        same_host: whether to switch to the server's Unix socket when it is on this host.
        peer_timeout: seconds of silence, at the least 2, after which the connection counts as cut.
        pickle: whether values of any type may travel as pickles. The server must allow it too;
            reading a pickle runs code that whoever wrote it has chosen.
        busy_poll: seconds for which a call looks for its reply before it sleeps until it comes, as
            long as that pays; 0: none. See `busy_poll.BusyPoll`.

    Raises:
        ConnectionRefusedError: nobody listens there. Other `OSError`s: as the system says.
        TimeoutError: somebody listens, and does not answer.
        multiprocessing.AuthenticationError: the keys differ, or there is none.
        TypeError, ValueError: what is given is no address, or no time that can be kept.
    """
    return Client(
        find_addresses(address),
        find_key(authkey),
        timeout=timeout,
        same_host=same_host,
        peer_timeout=peer_timeout,
        pickle=pickle,
        busy_poll=busy_poll,
    )


def client_at(location: str, key: bytes | None) -> Client:
    """Return this process's client of the addresses `location`, connecting if there is none.

    Proxies that arrive by pickle use it; the key is not in the pickle unless it went to a child
    that is being started.
    """
    for client in list(_known):
        if client.location == location and not client.is_closed:
            return client
    client = connect(location, authkey=key)
    _kept.append(client)
    return client


_kept: list[Client] = []
"""Clients that only proxies have; they live as long as the process."""


def _start_again_in_child() -> None:
    for client in list(_known):
        client.start_again_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_again_in_child)
