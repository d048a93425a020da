"""Condition through both clients: what `threading.Condition` promises.

What happens to wake-ups when waiters, locks and connections go is in `test_condition_wakeups`.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import ObjectNotFound

from ..fixtures.agents import Agents
from ..fixtures.clients import Either, connected
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""

ON = ["itself", "lock", "rlock"]
"""What a condition works on."""


@pytest.fixture(params=ON)
def on(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(client: Any, on: str) -> Any:
    """Get or create the condition ``changed``."""
    if on == "itself":
        return client.condition("changed")
    return client.condition("changed", getattr(client, on)("guard"))


def asleep(client: shared_state.Client) -> int:
    """Return how many sleep until they are notified."""
    return next(info.size for info in client.objects() if info.name == "changed")


def enter_and_wait(condition: Any, timeout: float | None = LONG_S) -> bool:
    condition.acquire()
    try:
        woken: bool = condition.wait(timeout)
        assert condition.locked() is True
        return woken
    finally:
        condition.release()


def sleepers(
    agents: Agents, count: int, on: str, other: shared_state.Client, threads: ThreadPoolExecutor
) -> list[Future[bool]]:
    """Have so many agents wait, one after the other."""
    sleeping: list[Future[bool]] = []
    for agent in agents(count):
        sleeping.append(threads.submit(enter_and_wait, made(agent, on)))
        until(lambda: asleep(other) == len(sleeping))
    return sleeping


def test_a_notified_waiter_has_the_lock_again(
    agents: Agents, on: str, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    changed = made(other, on)
    (sleeping,) = sleepers(agents, 1, on, other, threads)
    with changed:
        changed.notify()
        until(lambda: asleep(other) == 0)
        assert not sleeping.done()  # the lock is still ours
    assert sleeping.result() is True


def test_as_many_are_woken_as_was_said_the_longest_waiting_first(
    agents: Agents, on: str, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    changed = made(other, on)
    sleeping = sleepers(agents, 4, on, other, threads)
    with changed:
        changed.notify(0)
        changed.notify(-1)
        assert asleep(other) == 4
        changed.notify()
        changed.notify(2)
        assert asleep(other) == 1
    assert [each.result() for each in sleeping[:3]] == [True] * 3
    with changed:
        changed.notify(9)
    assert sleeping[3].result() is True


def test_all_are_woken(
    agents: Agents, on: str, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    changed = made(other, on)
    sleeping = sleepers(agents, 4, on, other, threads)
    with changed:
        changed.notify_all()
    assert [each.result() for each in sleeping] == [True] * 4


def test_who_sleeps_has_given_the_lock_back_however_often_it_took_it(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    sleeper = agents(1)[0].condition("changed")
    changed = other.condition("changed")
    for _ in range(3):
        sleeper.acquire()
    sleeping = threads.submit(sleeper.wait, LONG_S)
    with changed:
        changed.notify()
    assert sleeping.result() is True
    for _ in range(3):
        assert changed.acquire(blocking=False) is False
        sleeper.release()
    assert changed.acquire(blocking=False) is True


@pytest.mark.parametrize("timeout", [SHORT_S, 0, -1])
def test_a_wait_whose_time_is_over_has_the_lock_again(
    agents: Agents, on: str, timeout: float
) -> None:
    changed = made(agents(1)[0], on)
    assert enter_and_wait(changed, timeout) is False
    assert changed.locked() is False


def test_a_wait_whose_time_is_over_waits_for_the_lock(
    agents: Agents, on: str, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    holder, sleeper = (made(agent, on) for agent in agents(2))
    sleeper.acquire()
    taking = threads.submit(holder.acquire)
    sleeping = threads.submit(sleeper.wait, SHORT_S)
    taking.result()
    until(lambda: asleep(other) == 0)
    assert not sleeping.done()
    holder.release()
    assert sleeping.result() is False
    assert sleeper.locked() is True


@pytest.mark.parametrize("timeout", ["soon", float("nan"), 1e300])
def test_a_wait_that_is_refused_leaves_the_lock_as_it_was(
    agents: Agents, on: str, other: shared_state.Client, timeout: Any
) -> None:
    changed = made(agents(1)[0], on)
    changed.acquire()
    with pytest.raises((TypeError, ValueError, OverflowError)):
        changed.wait(timeout)
    assert [changed.locked(), asleep(other)] == [True, 0]
    changed.release()


def test_nothing_can_be_done_without_the_lock(
    agents: Agents, on: str, other: shared_state.Client
) -> None:
    changed = made(agents(1)[0], on)
    for operation in (changed.wait, changed.notify, changed.notify_all):
        with pytest.raises(RuntimeError, match="un-acquired lock"):
            operation()
    with pytest.raises(RuntimeError):
        changed.release()
    assert [changed.locked(), asleep(other)] == [False, 0]


@pytest.mark.parametrize("on", ["itself", "rlock"])
def test_nothing_can_be_done_under_somebody_elses_lock(
    agents: Agents, on: str, other: shared_state.Client
) -> None:
    sibling, owner = agents(2)
    made(owner, on).acquire()
    for changed in (made(sibling, on), made(other, on)):
        for operation in (changed.wait, changed.notify, changed.notify_all, changed.release):
            with pytest.raises(RuntimeError, match="un-acquired lock"):
                operation()
    assert made(owner, on).locked() is True


def test_wait_for_returns_what_its_predicate_returned_last(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    sleeper, changed = agents(1)[0].condition("changed"), other.condition("changed")
    found: list[str] = []
    sleeper.acquire()
    assert sleeper.wait_for(lambda: "at once") == "at once"
    assert sleeper.wait_for(lambda: 0, SHORT_S) == 0
    assert sleeper.wait_for(list, timeout=-1) == []
    waiting = threads.submit(sleeper.wait_for, lambda: found[-1:], LONG_S)
    for word in ("", "enough"):
        until(lambda: asleep(other) == 1)
        with changed:
            found.extend([word] if word else [])
            changed.notify()
    assert waiting.result() == ["enough"]
    assert sleeper.locked() is True


def test_it_works_on_locks_only(client: shared_state.Client) -> None:
    client.condition("changed")
    client.dict("config")
    for name in ("changed", "config"):
        with pytest.raises(TypeError, match="works on a lock or an rlock"):
            client.condition("another", shared_state.Lock(name, client))
    with pytest.raises(ObjectNotFound, match="missing"):
        client.condition("another", shared_state.Lock("missing", client))
    assert [info.name for info in client.objects()] == ["changed", "config"]


def test_its_lock_may_be_given_by_its_name(either: Either, other: shared_state.Client) -> None:
    guard = other.lock("guard")
    changed = either.condition("changed", "guard")
    changed.acquire()
    assert guard.locked() is True
    changed.release()
    assert guard.locked() is False


@pytest.mark.parametrize("kind", ["blocking", "async"])
@pytest.mark.parametrize("lock", [5, b"guard", threading.Lock()], ids=["int", "bytes", "local"])
def test_what_is_no_shared_lock_nor_its_name_is_refused(
    server: ThreadServer, kind: str, lock: Any
) -> None:
    with (
        connected(kind, server.address, server.settings.authkey) as state,
        pytest.raises(TypeError, match="shared lock or rlock, or its name"),
    ):
        state.condition("changed", lock)


def test_its_lock_is_the_given_one(either: Either, other: shared_state.Client) -> None:
    guard, changed = other.lock("guard"), made(either, "lock")
    guard.acquire()
    assert changed.locked() is True
    assert changed.acquire(blocking=False) is False
    assert changed.owner().pid == guard.owner().pid  # type: ignore[union-attr]  # it is locked
    changed.release()
    assert guard.locked() is False


def test_it_is_listed_with_who_has_its_lock_and_who_waits(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    changed = other.condition("changed")
    (sleeping,) = sleepers(agents, 1, "itself", other, threads)
    with changed:
        (info,) = other.objects()
        assert (info.type, info.size, len(info.owners), info.waiters) == ("condition", 1, 1, 1)
        changed.notify()
        (info,) = other.objects()
        assert (info.size, info.waiters) == (0, 1)
    sleeping.result()


def test_who_waits_on_one_that_is_deleted_is_told(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    other.condition("changed")
    sleeper = agents(1)[0].condition("changed")
    sleeper.acquire()
    waiting = threads.submit(sleeper.wait, LONG_S)
    until(lambda: asleep(other) == 1)
    other.delete("changed")
    with pytest.raises(ObjectNotFound, match="was deleted"):
        waiting.result()


def test_who_waits_on_one_whose_lock_is_deleted_is_told_and_may_make_both_anew(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    made(other, "lock")
    sleeper = agents(1)[0].condition("changed")
    sleeper.acquire()
    waiting = threads.submit(sleeper.wait, LONG_S)
    until(lambda: asleep(other) == 1)
    other.delete("guard")
    with pytest.raises(ObjectNotFound, match="'guard' was deleted"):
        waiting.result()
    changed = made(other, "lock")
    with pytest.raises(ObjectNotFound, match="delete the condition"):
        changed.acquire()
    other.delete("changed")
    with made(other, "lock"):
        pass


@pytest.mark.parametrize("is_notified", [False, True])
async def test_a_wait_that_is_cancelled_leaves_the_lock_as_deep_as_it_was(
    server: ThreadServer, on: str, is_notified: bool
) -> None:
    key = server.settings.authkey
    async with (
        shared_state.connect_async(server.address, authkey=key) as state,
        shared_state.connect_async(server.address, authkey=key) as other,
    ):
        depth = 1 if on == "lock" else 2
        changed, theirs = made(state, on), made(other, on)

        async def sleep() -> str:
            for _ in range(depth):
                await changed.acquire()
            try:
                await changed.wait()
            except asyncio.CancelledError:
                for _ in range(depth):
                    assert await changed.locked()
                    await changed.release()
                return "cancelled, and released"
            return "woken"

        sleeping = asyncio.create_task(sleep())
        watcher = await asyncio.to_thread(server.connect)
        await asyncio.to_thread(until, lambda: asleep(watcher) == 1)
        watcher.close()
        await theirs.acquire()
        if is_notified:
            await theirs.notify()
        for _ in range(3):  # cancelling the return of the lock does not keep it away, either
            sleeping.cancel()
            await state.ping()
        assert not sleeping.done()
        await theirs.release()
        assert await sleeping == "cancelled, and released"
        assert not await theirs.locked()


async def test_a_wait_that_is_cancelled_ends_so_though_the_lock_cannot_be_had_again(
    server: ThreadServer, on: str
) -> None:
    key = server.settings.authkey
    with server.connect() as other:
        async with shared_state.connect_async(server.address, authkey=key) as state:
            changed = made(state, on)

            async def sleep() -> None:
                await changed.acquire()
                await changed.wait()

            sleeping = asyncio.create_task(sleep())
            await state.ping()
            await asyncio.to_thread(until, lambda: asleep(other) == 1)
            sleeping.cancel()
            other.delete("changed")  # while this loop stands still
            with pytest.raises(asyncio.CancelledError):
                await sleeping
