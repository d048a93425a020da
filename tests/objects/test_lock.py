"""Lock through both clients: what `threading.Lock` promises, and who holds it."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import ObjectNotFound

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""


def test_it_is_locked_from_acquire_to_release(either: Either) -> None:
    leader = either.lock("leader")
    assert leader.locked() is False
    assert leader.acquire() is True
    assert leader.locked() is True
    assert leader.release() is None
    assert leader.locked() is False


def test_who_does_not_wait_or_not_long_enough_does_not_get_it(
    either: Either, other: shared_state.Client
) -> None:
    leader = either.lock("leader")
    other.lock("leader").acquire()
    assert leader.acquire(blocking=False) is False
    assert leader.acquire(timeout=SHORT_S) is False
    assert leader.acquire(timeout=0) is False
    assert waiting(other, "leader") == 0
    other.lock("leader").release()
    assert leader.acquire(False) is True


@pytest.mark.parametrize("kind", ["lock", "rlock", "condition", "semaphore", "bounded_semaphore"])
@pytest.mark.parametrize("word", ["blocking", "block"])
def test_not_to_wait_has_the_word_of_threading_and_of_multiprocessing(
    either: Either, other: shared_state.Client, kind: str, word: str
) -> None:
    """`threading` and the proxies of managers say ``blocking``."""
    getattr(other, kind)("taken").acquire()
    taken = getattr(either, kind)("taken")
    assert taken.acquire(**{word: False}) is False
    assert taken.acquire(False) is False
    with pytest.raises(ValueError, match="timeout"):
        taken.acquire(timeout=1, **{word: False})
    getattr(other, kind)("taken").release()
    assert taken.acquire(**{word: True}) is True


@pytest.mark.parametrize("timeout", [None, -1])
def test_who_waits_for_ever_gets_it_when_it_is_released(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor, timeout: float | None
) -> None:
    leader = either.lock("leader")
    other.lock("leader").acquire()
    acquiring = threads.submit(leader.acquire, True, timeout)
    until(lambda: waiting(other, "leader") == 1)
    other.lock("leader").release()
    assert acquiring.result(LONG_S) is True


def _error_of(lock: Any, arguments: tuple[Any, ...]) -> type[Exception]:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # which one it is is the question
        lock.acquire(*arguments)
    return caught.type


@pytest.mark.parametrize(
    "arguments",
    [
        (False, 1),
        (False, 0),
        (False, -2),
        (True, -2),
        (True, -0.5),
        (True, float("nan")),
        (True, float("inf")),
        (True, 1e300),
        (True, "soon"),
    ],
)
def test_what_threading_refuses_is_refused(either: Either, arguments: tuple[Any, ...]) -> None:
    leader, plain = either.lock("leader"), threading.Lock()
    leader.acquire()
    plain.acquire()
    assert issubclass(_error_of(leader, arguments), _error_of(plain, arguments))
    assert waiting(either, "leader") == 0


def test_what_nobody_holds_cannot_be_released(either: Either) -> None:
    leader = either.lock("leader")
    with pytest.raises(RuntimeError, match="release unlocked lock"):
        leader.release()
    leader.acquire()
    leader.release()
    with pytest.raises(RuntimeError, match="release unlocked lock"):
        leader.release()


def test_anybody_may_release_it(either: Either, other: shared_state.Client) -> None:
    either.lock("leader").acquire()
    other.lock("leader").release()
    assert either.lock("leader").locked() is False


def test_it_is_not_reentrant(either: Either) -> None:
    leader = either.lock("leader")
    leader.acquire()
    assert leader.acquire(timeout=SHORT_S) is False


def test_who_waits_longest_gets_it_first(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    leader = either.lock("leader")
    other.lock("leader").acquire()
    order: list[int] = []

    def acquire(position: int) -> None:
        leader.acquire(timeout=LONG_S)
        order.append(position)
        leader.release()

    done: list[Future[None]] = []
    for position in range(5):
        done.append(threads.submit(acquire, position))
        until(lambda: waiting(other, "leader") == len(done))
    other.lock("leader").release()
    for each in done:
        each.result()
    assert order == [0, 1, 2, 3, 4]


def test_the_owner_can_be_asked_for(either: Either) -> None:
    leader = either.lock("leader")
    assert leader.owner() is None
    leader.acquire()
    owner = leader.owner()
    assert owner.host == socket.gethostname()
    assert owner.pid == os.getpid()
    assert 0 <= owner.seconds < LONG_S
    assert leader.owner().seconds > owner.seconds
    leader.release()
    assert leader.owner() is None


def test_the_owner_is_a_thread_by_name(client: shared_state.Client) -> None:
    leader = client.lock("leader")
    holder = threading.Thread(target=leader.acquire, name="the holding thread")
    holder.start()
    holder.join()
    owner = leader.owner()
    assert owner is not None
    assert owner.thread == "the holding thread"


def test_a_thread_that_ends_still_holds_it_for_its_process(client: shared_state.Client) -> None:
    leader = client.lock("leader")
    for target in (leader.acquire, client.ping, client.ping):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    assert leader.locked() is True
    leader.release()


def test_it_is_given_back_when_its_client_closes(
    server: ThreadServer, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    with server.connect() as client:
        client.lock("leader").acquire()
        acquiring = threads.submit(other.lock("leader").acquire, True, LONG_S)
        with server.connect() as watcher:
            until(lambda: waiting(watcher, "leader") == 1)
    assert acquiring.result() is True


def test_who_waits_for_one_that_is_deleted_is_told(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    other.lock("leader").acquire()
    acquiring = threads.submit(either.lock("leader").acquire, True, LONG_S)
    until(lambda: waiting(other, "leader") == 1)
    other.delete("leader")
    with pytest.raises(ObjectNotFound, match="was deleted"):
        acquiring.result()


# With


def test_it_is_held_inside_a_with_block(client: shared_state.Client) -> None:
    leader = client.lock("leader")
    with leader as held:
        assert held == leader.grant
        assert leader.locked()
    assert not leader.locked()


def test_an_exception_leaves_the_block_and_the_lock(client: shared_state.Client) -> None:
    leader = client.lock("leader")
    with pytest.raises(ZeroDivisionError), leader:
        raise ZeroDivisionError
    assert not leader.locked()


def test_a_block_cannot_begin_inside_a_batch(client: shared_state.Client) -> None:
    leader = client.lock("leader")
    with client.batch(), pytest.raises(RuntimeError, match="inside a batch"), leader:
        raise AssertionError("nobody holds it")


async def test_tasks_take_turns_with_async_with(server: ThreadServer) -> None:
    inside = 0

    async def enter(leader: shared_state.AsyncLock) -> None:
        nonlocal inside
        async with leader as held:
            assert held == leader.grant
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            assert await leader.locked()
            inside -= 1

    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        leader = state.lock("leader")
        await asyncio.gather(*(enter(leader) for _ in range(10)))
        assert not await leader.locked()


async def test_an_exception_leaves_the_async_block_and_the_lock(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        leader = state.lock("leader")
        with pytest.raises(ZeroDivisionError):
            async with leader:
                raise ZeroDivisionError
        assert not await leader.locked()
