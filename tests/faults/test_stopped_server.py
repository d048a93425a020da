"""A server that answers nothing for a while: calls end in TimeoutError, and have had no effect.

The requests are in the server's socket when it goes on, with the cancels behind them.
"""

from __future__ import annotations

import asyncio
import os
import queue
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import shared_state

from ..fixtures.servers import ProcessServer
from ..fixtures.watching import LONG_S, until, waiting

PATIENCE_S = 0.2
"""For a reply of the server that is stopped."""


@contextmanager
def stopped(server: ProcessServer) -> Iterator[None]:
    """Have the server run no further inside the block."""
    assert server.process is not None
    assert server.process.pid is not None
    os.kill(server.process.pid, signal.SIGSTOP)
    os.waitpid(server.process.pid, os.WUNTRACED)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


@pytest.fixture
def client(process_server: ProcessServer) -> Iterator[shared_state.Client]:
    with process_server.connect(timeout=PATIENCE_S) as connected:
        yield connected


@pytest.fixture
def other(process_server: ProcessServer) -> Iterator[shared_state.Client]:
    with process_server.connect(timeout=LONG_S) as connected:
        yield connected


def test_a_call_that_need_not_wait_times_out_and_the_next_one_is_right(
    process_server: ProcessServer, client: shared_state.Client
) -> None:
    jobs = client.queue("jobs", maxsize=7)
    with stopped(process_server), pytest.raises(TimeoutError, match=r"queue\.qsize had no reply"):
        jobs.qsize()
    until(lambda: _answers(client))
    assert jobs.maxsize == 7


def test_a_call_that_waits_times_out_later_than_it_was_told_to_wait(
    process_server: ProcessServer, client: shared_state.Client
) -> None:
    jobs = client.queue("jobs")
    with stopped(process_server), pytest.raises(TimeoutError, match=r"queue\.get had no reply"):
        jobs.get(timeout=PATIENCE_S)
    until(lambda: _answers(client))
    with pytest.raises(queue.Empty):
        jobs.get_nowait()


def test_an_item_given_to_a_call_that_timed_out_returns_to_the_head(
    process_server: ProcessServer, client: shared_state.Client, other: shared_state.Client
) -> None:
    jobs = client.queue("jobs")
    jobs.put_many(["first", "second"])
    with stopped(process_server), pytest.raises(TimeoutError):
        jobs.get_nowait()
    until(lambda: other.queue("jobs").qsize() == 2)
    assert other.queue("jobs").get_many(2) == ["first", "second"]


def test_a_lock_given_to_a_call_that_timed_out_is_free(
    process_server: ProcessServer, client: shared_state.Client, other: shared_state.Client
) -> None:
    leader = client.lock("leader")
    with stopped(process_server), pytest.raises(TimeoutError):
        leader.acquire(blocking=False)
    assert other.lock("leader").acquire(timeout=LONG_S) is True


def test_who_waits_for_ever_waits_on(
    process_server: ProcessServer,
    client: shared_state.Client,
    other: shared_state.Client,
    threads: ThreadPoolExecutor,
) -> None:
    getting = threads.submit(client.queue("jobs").get)
    until(lambda: bool(other.objects()) and waiting(other, "jobs") == 1)
    with stopped(process_server), pytest.raises(TimeoutError):
        client.ping()
    other.queue("jobs").put("item")
    assert getting.result(LONG_S) == "item"


async def test_an_awaited_call_times_out_and_has_taken_nothing(
    process_server: ProcessServer, other: shared_state.Client
) -> None:
    key = process_server.settings.authkey
    async with shared_state.connect_async(
        process_server.address, authkey=key, timeout=PATIENCE_S
    ) as state:
        jobs, leader = state.queue("jobs"), state.lock("leader")
        await jobs.put_many(["first", "second"])
        with stopped(process_server):
            with pytest.raises(TimeoutError, match=r"queue\.get_nowait had no reply"):
                await jobs.get_nowait()
            with pytest.raises(TimeoutError, match=r"lock\.acquire had no reply"):
                await leader.acquire(blocking=False)
        assert await asyncio.to_thread(other.lock("leader").acquire, timeout=LONG_S) is True
        await asyncio.to_thread(until, lambda: other.queue("jobs").qsize() == 2)
        assert await jobs.get_many(2) == ["first", "second"]


def _answers(client: shared_state.Client) -> bool:
    try:
        client.ping()
    except TimeoutError:
        return False
    return True
