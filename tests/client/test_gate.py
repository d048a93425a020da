"""Openings: a name that is of another type shows, through both clients, and nothing changes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shared_state
from shared_state import InvalidName, LimitExceeded, TypeMismatch, async_lane
from shared_state.async_lane import AsyncLane
from shared_state.gate import Gate
from shared_state_protocol.contract import contract_name
from shared_state_protocol.objects import CONTRACTS

from ..fixtures.breaking import break_off
from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer

OPTIONS: dict[str, tuple[Any, ...]] = {
    "value": ("i",),
    "array": ("i", 3),
    "barrier": (2,),
}
"""What an accessor needs beside the name."""

USES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("queue", "lifo_queue", "priority_queue", "joinable_queue"), ("put", 1)),
    **dict.fromkeys(("lock", "rlock", "condition", "value", "array"), ("acquire",)),
    **dict.fromkeys(("semaphore", "bounded_semaphore"), ("acquire",)),
    "dict": ("set", "k", 1),
    "list": ("append", 1),
    "set": ("add", 1),
    "namespace": ("set", "k", 1),
    "event": ("set",),
    "barrier": ("abort",),
}
"""A first operation of each type, which would change the object."""

each_type = pytest.mark.parametrize("kind", USES)


def use(client: Either, kind: str) -> None:
    """Open an object and change it."""
    method, *arguments = USES[kind]
    made = getattr(client, kind)("it", *OPTIONS.get(kind, ()))
    getattr(made, method)(*arguments)


def test_no_type_is_missing() -> None:
    assert {*USES, "pipe"} == {contract_name(each) for each in CONTRACTS}


@each_type
def test_another_type_under_the_name_is_refused_and_left_as_it_is(
    either: Either, other: shared_state.Client, kind: str
) -> None:
    for taken in USES:
        if taken == kind:
            continue
        getattr(other, taken)("it", *OPTIONS.get(taken, ()))
        before = other.objects()
        with pytest.raises(TypeMismatch, match=f"'it' is a {taken}, not a {kind}"):
            use(either, kind)
        assert other.objects() == before
        other.delete("it")


@each_type
def test_the_same_type_under_the_name_is_the_object(
    either: Either, other: shared_state.Client, kind: str
) -> None:
    getattr(other, kind)("it", *OPTIONS.get(kind, ()))
    use(either, kind)
    assert [info.type for info in other.objects()] == [kind]


async def test_every_operation_is_refused_and_others_of_the_name_are_not(
    server: ThreadServer, other: shared_state.Client
) -> None:
    jobs = other.queue("jobs")
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        wrong, right = state.lifo_queue("jobs"), state.queue("jobs")
        results = await asyncio.gather(
            *(queue.put(1) for queue in (wrong, right, wrong, right)), return_exceptions=True
        )
        assert [type(each) for each in results] == [TypeMismatch, type(None)] * 2
        with pytest.raises(TypeMismatch):
            await wrong.put(1)
        assert repr(wrong).startswith("<shared lifo_queue 'jobs' at tcp://")
        assert jobs.qsize() == await right.qsize() == 2


async def test_who_is_cancelled_while_the_object_is_opened_is_alone_in_it(
    server: ThreadServer, other: shared_state.Client
) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        jobs = state.queue("jobs")
        first, second = (asyncio.ensure_future(jobs.put(each)) for each in (1, 2))
        await asyncio.sleep(0)
        first.cancel()
        await second
        assert first.cancelled()
    assert other.queue("jobs").get_nowait() == 2
    assert other.queue("jobs").qsize() == 0


async def test_a_name_that_is_known_costs_no_round_trip_more(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        await state.queue("jobs").put(1)
        assert state.queue("jobs").client is state
        assert await state.queue("jobs").get() == 1


async def test_what_became_another_type_meanwhile_is_refused_from_then_on(
    server: ThreadServer, other: shared_state.Client
) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        await state.queue("jobs").put(1)
        other.delete("jobs")
        other.lifo_queue("jobs")
        jobs = state.queue("jobs")
        await state.ping()
        with pytest.raises(TypeMismatch):
            await jobs.put(1)
        assert other.lifo_queue("jobs").qsize() == 0


async def test_an_opening_that_is_under_way_ends_with_the_client(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        putting = asyncio.ensure_future(state.queue("jobs").put(1))
        await asyncio.sleep(0)
    with pytest.raises((ValueError, ConnectionAbortedError)):
        await putting


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (5, TypeError),
        (None, TypeError),
        (b"it", TypeError),
        ("", InvalidName),
        ("a\n", InvalidName),
    ],
)
@each_type
def test_what_no_object_can_be_called_is_refused_and_costs_nothing(
    either: Either, kind: str, name: Any, error: type[Exception]
) -> None:
    leader = either.lock("leader")
    leader.acquire()
    with pytest.raises(error, match="name"):
        getattr(either, kind)(name, *OPTIONS.get(kind, ()))
    assert [info.name for info in either.objects()] == ["leader"]
    leader.release()


WRONG_OPTIONS: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "semaphore": ({"value": -1}, ValueError),
    "bounded_semaphore": ({"value": -1}, ValueError),
    "barrier": ({"parties": 0}, ValueError),
    "array": ({"typecode": "i", "size_or_initializer": -1}, LimitExceeded),
    "queue": ({"max_attempts": 3}, ValueError),
    "priority_queue": ({"max_attempts": 0, "dead_letters": "hopeless"}, ValueError),
}


@pytest.mark.parametrize("kind", WRONG_OPTIONS)
def test_wrong_options_are_refused_in_the_words_of_the_server(either: Either, kind: str) -> None:
    options, error = WRONG_OPTIONS[kind]
    method, *arguments = USES[kind]
    with pytest.raises(error):
        getattr(getattr(either, kind)("it", **options), method)(*arguments)
    assert either.objects() == []


def test_a_condition_on_what_is_no_lock_is_refused(either: Either) -> None:
    with pytest.raises(TypeError, match="works on a lock or an rlock, and 'config' is neither"):
        either.condition("changed", either.dict("config")).acquire()


async def test_what_was_opened_in_an_outage_is_there_after_it(
    server: ThreadServer, other: shared_state.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find_nobody(lane: AsyncLane) -> Any:
        raise ConnectionRefusedError

    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key, same_host=False) as state:
        wire = state._lane.wire
        assert wire is not None
        with monkeypatch.context() as patch:
            patch.setattr(async_lane, "redial", find_nobody)
            break_off(wire.transport)
            await wire.closed.wait()
            config, jobs = state.dict("config"), state.queue("jobs")
            unused = state.dict("unused")
            for _ in range(2):
                for call in (config.set("k", 1), jobs.put("item")):
                    with pytest.raises(ConnectionRefusedError):
                        await call
            del unused
            assert isinstance(state.queue("jobs").client, Gate), "of which type it is, who knows?"
        await config.set("k", 1)
        await jobs.put("item")
        assert await jobs.get() == "item"
    assert [info.name for info in other.objects()] == ["config", "jobs"]
