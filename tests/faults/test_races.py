"""Two things at the same moment: an item and a deadline, an item and a cancellation.

Either may win. The audit at the end is exact: what was put was got once or is still there.
"""

from __future__ import annotations

import asyncio
import queue
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import shared_state

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

TIMEOUT_S = 0.004
AROUND_S = 0.001
"""How far before or after the deadline the other thing happens."""

ROUNDS = 150


def test_an_item_at_the_deadline_is_got_or_still_there(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs, theirs, chance = either.queue("jobs"), other.queue("jobs"), random.Random(3)

    def put_at(moment: float, item: int) -> None:
        while time.monotonic() < moment:
            pass
        theirs.put(item)

    got: list[int] = []
    for item in range(ROUNDS):
        near = TIMEOUT_S + chance.uniform(-AROUND_S, AROUND_S)
        putting = threads.submit(put_at, time.monotonic() + near, item)
        try:
            got.append(jobs.get(timeout=TIMEOUT_S))
        except queue.Empty:
            putting.result()
            assert theirs.qsize() == 1, "a get that timed out has consumed something"
            got.append(theirs.get_nowait())
    assert got == list(range(ROUNDS))


def test_room_at_the_deadline_is_taken_or_still_there(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs, theirs, chance = either.queue("jobs", maxsize=1), other.queue("jobs"), random.Random(4)

    def make_room_at(moment: float) -> int:
        while time.monotonic() < moment:
            pass
        item: int = theirs.get()
        return item

    put, got = [-1], []
    jobs.put(-1)
    for item in range(ROUNDS):
        near = TIMEOUT_S + chance.uniform(-AROUND_S, AROUND_S)
        making = threads.submit(make_room_at, time.monotonic() + near)
        try:
            jobs.put(item, timeout=TIMEOUT_S)
        except queue.Full:
            jobs.put(~item)
            put.append(~item)
        else:
            put.append(item)
        got.append(making.result())
    got.append(theirs.get_nowait())
    assert got == put


class Canceller:
    """Cancels calls earlier and later until both sides of the race win about as often."""

    def __init__(self, seed: int) -> None:
        self.cancelled = 0
        self.completed = 0
        self._turns = 0
        self._chance = random.Random(seed)

    async def run(self, call: Awaitable[object]) -> object:
        """Cancel `call` after some turns of the loop; return its result, or `CANCELLED`."""
        task = asyncio.ensure_future(call)
        for _ in range(self._turns + self._chance.randrange(5)):
            await asyncio.sleep(0)
        task.cancel()
        try:
            result = await task
        except asyncio.CancelledError:
            self.cancelled += 1
            self._turns += 2
            return CANCELLED
        self.completed += 1
        self._turns = max(0, self._turns - 2)
        return result


CANCELLED = object()


@pytest.fixture
def connect(server: ThreadServer) -> Callable[[], shared_state.connect_async]:
    return lambda: shared_state.connect_async(server.address, authkey=server.settings.authkey)


async def test_an_item_on_its_way_to_a_cancelled_get_is_got_or_still_there(
    connect: Callable[[], shared_state.connect_async],
) -> None:
    race, got = Canceller(5), []
    async with connect() as consumer, connect() as producer:
        jobs, theirs = consumer.queue("jobs"), producer.queue("jobs")
        for item in range(ROUNDS):
            getting = asyncio.ensure_future(race.run(jobs.get()))
            await theirs.put(item)
            found = await getting
            got.append(await theirs.get() if found is CANCELLED else found)
    assert got == list(range(ROUNDS))
    assert race.cancelled
    assert race.completed


async def test_an_item_of_a_put_that_is_cancelled_is_there_once_or_not_at_all(
    connect: Callable[[], shared_state.connect_async],
) -> None:
    race = Canceller(6)
    put: set[int] = set()
    maybe_put: set[int] = set()
    got: list[int] = []
    async with connect() as producer, connect() as consumer:
        jobs, theirs = producer.queue("jobs", maxsize=1), consumer.queue("jobs")
        for item in range(0, 2 * ROUNDS, 2):
            await jobs.put(item)
            put.add(item)
            putting = asyncio.ensure_future(race.run(jobs.put(item + 1)))
            got.append(await theirs.get())
            (maybe_put if await putting is CANCELLED else put).add(item + 1)
            await jobs.qsize()  # behind the cancel, so nothing comes any more
            got += await theirs.get_many(1) if await theirs.qsize() else []
    assert len(set(got)) == len(got)
    assert put <= set(got) <= put | maybe_put
    assert race.cancelled
    assert race.completed


async def test_a_lock_on_its_way_to_a_cancelled_acquire_is_held_or_free(
    connect: Callable[[], shared_state.connect_async],
) -> None:
    race = Canceller(7)
    async with connect() as one, connect() as another:
        mine, theirs = one.lock("leader"), another.lock("leader")
        for _ in range(ROUNDS):
            await theirs.acquire()
            acquiring = asyncio.ensure_future(race.run(mine.acquire()))
            await theirs.release()
            if await acquiring is not CANCELLED:
                await mine.release()
            assert await theirs.acquire(timeout=LONG_S)
            await theirs.release()
    assert race.cancelled
    assert race.completed


# Cancelled while it waits


async def _until_waiting(client: shared_state.Client, name: str, count: int) -> None:
    await asyncio.to_thread(until, lambda: waiting(client, name) == count)


async def test_a_cancelled_get_leaves_the_line_and_takes_nothing(
    connect: Callable[[], shared_state.connect_async], other: shared_state.Client
) -> None:
    async with connect() as state:
        jobs = state.queue("jobs")
        getting = asyncio.ensure_future(jobs.get())
        await _until_waiting(other, "jobs", 1)
        getting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await getting
        await _until_waiting(other, "jobs", 0)
        await jobs.put("item")
        assert await jobs.qsize() == 1


async def test_a_cancelled_put_leaves_the_line_and_adds_nothing(
    connect: Callable[[], shared_state.connect_async], other: shared_state.Client
) -> None:
    async with connect() as state:
        jobs = state.queue("jobs", maxsize=1)
        await jobs.put("first")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(jobs.put("second"), timeout=AROUND_S)
        await _until_waiting(other, "jobs", 0)
        assert await jobs.get_many(2) == ["first"]
        assert await jobs.empty()


async def test_a_cancelled_acquire_leaves_the_line(
    connect: Callable[[], shared_state.connect_async], other: shared_state.Client
) -> None:
    async with connect() as state:
        other.lock("leader").acquire()
        acquiring = asyncio.ensure_future(state.lock("leader").acquire())
        await _until_waiting(other, "leader", 1)
        acquiring.cancel()
        with pytest.raises(asyncio.CancelledError):
            await acquiring
        await _until_waiting(other, "leader", 0)
        other.lock("leader").release()
        assert await state.lock("leader").locked() is False


async def test_an_item_in_a_broken_connection_returns_when_its_get_was_cancelled(
    connect: Callable[[], shared_state.connect_async], other: shared_state.Client
) -> None:
    """The cancel is lost with the connection, and so has to be said again."""
    async with connect() as state:
        jobs = state.queue("jobs")
        getting = asyncio.ensure_future(jobs.get())
        await _until_waiting(other, "jobs", 1)
        other.queue("jobs").put("item")  # while this loop stands still, so nobody reads it
        assert state._lane.wire is not None
        state._lane.wire.transport.abort()
        getting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await getting
        assert await jobs.get(timeout=LONG_S) == "item"
