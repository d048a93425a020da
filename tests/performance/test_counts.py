"""What must never regress, counted: round trips, writes and threads.

Time is measured by `tox -e performance`.
Round trips are seen from outside, at the sockets of the client's process, so they are what the
network would carry whatever the code above does.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest

import shared_state
from shared_state.lane import HELD
from tests.performance.peers import AUTHKEY
from tests.performance.peers.echo import SIZES
from tests.performance.peers.mapping import in_pairs
from tests.performance.peers.shared_state import OBJECT, SharedState
from tests.performance.process import thread_count
from tests.performance.serving import Server

ITEMS = 2000
A_FEW = 4
"""Round trips for 2,000 small items: more would mean that the batches have shrunk."""
TASKS = 200
IDLE_CLIENTS = 200
PARKED = 100


class Wire:
    """Counts how often this process writes and reads, and how often it waits for an answer."""

    def __init__(self) -> None:
        self.writes = self.reads = 0
        self.round_trips = 0
        self._awaiting_answer = False

    def during(self, action: Callable[[], object]) -> Wire:
        """Count from nothing what `action` does."""
        self.writes = self.reads = self.round_trips = 0
        action()
        return self

    def wrote(self, sock: socket.socket, data: object, flags: int = 0) -> None:
        if flags & HELD and sock.family != socket.AF_UNIX:
            return  # it leaves together with what is written next
        self.writes += 1
        self._awaiting_answer = True

    def read(self, *arguments: object) -> None:
        self.reads += 1
        self.round_trips += self._awaiting_answer
        self._awaiting_answer = False


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with SharedState("TCP").serve() as server:
        yield server


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Every socket that is made from now on is counted."""
    wire = Wire()
    for name in ("send", "sendall", "sendmsg"):
        monkeypatch.setattr(socket.socket, name, counted(name, wire.wrote))
    for name in ("recv", "recv_into", "recvmsg"):
        monkeypatch.setattr(socket.socket, name, counted(name, wire.read))
    return wire


def counted(name: str, count: Callable[..., None]) -> Callable[..., Any]:
    original = getattr(socket.socket, name)

    def method(self: socket.socket, *arguments: Any) -> Any:
        count(self, *arguments)
        return original(self, *arguments)

    return method


@pytest.fixture
def state(wire: Wire, server: Server) -> Iterator[shared_state.Client]:
    with shared_state.connect(server.address, authkey=AUTHKEY) as state:
        yield state


def test_one_call_is_one_write_and_one_round_trip(state: shared_state.Client, wire: Wire) -> None:
    mapping = state.dict("one call")
    mapping["key"] = 0

    wire.during(lambda: mapping.set("key", 1))

    assert (wire.writes, wire.round_trips) == (1, 1)


def test_the_frames_of_the_echo_are_as_long_as_ours(
    state: shared_state.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    sendall, recv = socket.socket.sendall, socket.socket.recv

    def sending(self: socket.socket, data: bytes, *flags: int) -> None:
        sizes.append(len(data))
        sendall(self, data, *flags)

    def receiving(self: socket.socket, *arguments: int) -> bytes:
        data = recv(self, *arguments)
        sizes.append(len(data))
        return data

    shared = state.dict(OBJECT)
    operations = in_pairs(shared.__setitem__, shared.__getitem__)
    for operation in [*operations] * 200:  # the numbers of requests get longer
        operation()
    monkeypatch.setattr(socket.socket, "sendall", sending)
    monkeypatch.setattr(socket.socket, "recv", receiving)
    for operation in operations:
        operation()

    assert sizes == [size for there_and_back in SIZES.items() for size in there_and_back]


def test_a_call_is_one_read_and_only_the_first_longer_reply_takes_two(
    state: shared_state.Client, wire: Wire
) -> None:
    mapping = state.dict("reads")
    mapping["short"], mapping["longer"] = "x" * 400, "x" * 4000

    keys = ("short", "longer", "longer", "short")
    reads = [wire.during(lambda key=key: mapping[key]).reads for key in keys]  # type: ignore[misc]  # mypy cannot infer such a lambda

    assert reads == [1, 2, 1, 1]


@pytest.mark.parametrize("view", ["keys", "values", "items"])
def test_iteration_takes_a_few_round_trips(
    state: shared_state.Client, wire: Wire, view: str
) -> None:
    mapping = state.dict("iteration")
    mapping.update({number: str(number) for number in range(ITEMS)})
    found: list[object] = []

    wire.during(lambda: found.extend(getattr(mapping, view)()))

    assert len(found) == ITEMS
    assert wire.round_trips <= A_FEW


def test_what_takes_many_things_is_one_request(state: shared_state.Client, wire: Wire) -> None:
    mapping, log, jobs = state.dict("many"), state.list("many items"), state.queue("many jobs")
    pairs = {number: str(number) for number in range(1000)}

    for action in (
        lambda: mapping.update(pairs),
        lambda: log.extend(list(pairs)),
        lambda: jobs.put_many(list(pairs)),
    ):
        wire.during(action)
        assert (wire.writes, wire.round_trips) == (1, 1)

    assert (len(mapping), len(log), jobs.qsize()) == (1000, 1000, 1000)


@pytest.mark.parametrize("transport", ["TCP", "Unix"])
def test_a_put_and_a_get_are_two_writes(transport: str, wire: Wire, server: Server) -> None:
    """That the item has arrived is said with the next request, or not said but written down."""
    near = transport == "Unix"
    with shared_state.connect(server.address, authkey=AUTHKEY, same_host=near) as state:
        assert state.transport == transport.lower()
        jobs = state.queue("two writes")
        jobs.put("first")
        jobs.get()  # a lane asks once where to write down what has arrived

        wire.during(lambda: (jobs.put("second"), jobs.get()))

        assert (wire.writes, wire.round_trips) == (2, 2)


def test_taking_many_items_is_one_write(state: shared_state.Client, wire: Wire) -> None:
    jobs = state.queue("taken")
    jobs.put("first")
    jobs.get()  # as above
    jobs.put_many(list(range(1000)))
    taken: list[int] = []

    wire.during(lambda: taken.extend(jobs.get_many(1000)))

    assert taken == list(range(1000))
    assert (wire.writes, wire.round_trips) == (1, 1)


def test_a_batch_is_one_write(state: shared_state.Client, wire: Wire) -> None:
    mapping = state.dict("batch")
    mapping.clear()

    def batch() -> None:
        with state.batch():
            for number in range(100):
                mapping.set(number, number)

    wire.during(batch)

    assert (wire.writes, wire.round_trips) == (1, 1)
    assert len(mapping) == 100


async def test_what_tasks_send_in_one_tick_is_one_write(wire: Wire, server: Server) -> None:
    async with shared_state.connect_async(server.address, authkey=AUTHKEY) as state:
        mapping = state.dict("one tick")
        await mapping.clear()
        wire.writes = wire.round_trips = 0

        await asyncio.gather(*(mapping.set(number, number) for number in range(TASKS)))

        assert (wire.writes, wire.round_trips) == (1, 1)
        assert await mapping.size() == TASKS


async def test_async_iteration_takes_a_few_round_trips(wire: Wire, server: Server) -> None:
    async with shared_state.connect_async(server.address, authkey=AUTHKEY) as state:
        mapping = state.dict("async iteration")
        await mapping.update({number: str(number) for number in range(ITEMS)})
        wire.writes = wire.round_trips = 0

        found = [item async for item in mapping.items()]

        assert len(found) == ITEMS
        assert wire.round_trips <= A_FEW


def test_idle_clients_add_no_thread_to_the_server(server: Server) -> None:
    with ExitStack() as clients:

        def connect() -> None:
            state = shared_state.connect(server.address, authkey=AUTHKEY)
            clients.enter_context(state).ping()

        connect()
        threads = thread_count(server.pid)
        for _ in range(IDLE_CLIENTS):
            connect()

        assert thread_count(server.pid) == threads


async def test_parked_getters_add_no_thread_to_the_server(server: Server) -> None:
    async with AsyncExitStack() as clients:
        states = [
            await clients.enter_async_context(
                shared_state.connect_async(server.address, authkey=AUTHKEY)
            )
            for _ in range(PARKED)
        ]
        threads = thread_count(server.pid)
        getters = [asyncio.create_task(state.queue("parked").get()) for state in states]
        # A ping travels behind the `get` of the same client: when it is back, that is parked.
        await asyncio.gather(*(state.ping() for state in states))

        assert thread_count(server.pid) == threads
        assert not any(getter.done() for getter in getters)
        await states[0].queue("parked").put_many(list(range(PARKED)))
        assert sorted(await asyncio.gather(*getters)) == list(range(PARKED))
