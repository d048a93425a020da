"""What type checkers see of the public API. Nobody runs this file: mypy and pyright read it.

`assert_type` holds what a call gives. A line with ignores is a mistake that both checkers have to
report: an ignore that nothing needs is an error too.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Coroutine,
    ItemsView,
    Iterator,
    KeysView,
    MutableMapping,
    MutableSequence,
    ValuesView,
)
from typing import Any

from typing_extensions import assert_type

import shared_state
from shared_state import AsyncDict, AsyncList, AsyncLock, AsyncQueue, Dict, List, Lock, Queue


def clients() -> None:
    assert_type(shared_state.connect(), shared_state.Client)
    with shared_state.connect("db1:50000", authkey=b"k", timeout=1.5, same_host=False) as state:
        assert_type(state, shared_state.Client)
        assert_type(state.dict("config"), Dict[Any, Any])
        assert_type(state.list("log"), List[Any])
        assert_type(state.queue("jobs", maxsize=1000), Queue[Any])
        assert_type(state.lock("leader"), Lock)
        assert_type(state.objects(), list[shared_state.ObjectInfo])
        assert_type(state.delete("config"), bool)
        assert_type(state.ping(), float)
        assert_type(state.transport, str)
        with state.batch() as batch:
            state.list("log").append("x")
        assert_type(batch.results, list[Any])
    shared_state.connect(authkey="text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # bytes
    shared_state.connect(None, b"key")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # by name only


async def async_clients() -> None:
    async with shared_state.connect_async("db1:50000", authkey=b"k", timeout=1.5) as state:
        assert_type(state, shared_state.AsyncClient)
        assert_type(state.dict("config"), AsyncDict[Any, Any])
        assert_type(state.list("log"), AsyncList[Any])
        assert_type(state.queue("jobs", maxsize=1000), AsyncQueue[Any])
        assert_type(state.lock("leader"), AsyncLock)
        assert_type(await state.objects(), list[shared_state.ObjectInfo])
        assert_type(await state.delete("config"), bool)
        assert_type(await state.ping(), float)
    with shared_state.connect_async():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]  # `async with`
        pass


def a_dict(config: Dict[str, int]) -> None:
    mapping: MutableMapping[str, int] = config
    assert_type(mapping["rate"], int)
    assert_type(config["rate"], int)
    assert_type(config.get("rate"), "int | None")
    assert_type(config.get("rate", "none"), "int | str | None")
    assert_type(config.set("rate", 10), None)
    assert_type(config.setdefault("rate", 10), int)
    assert_type(config.pop("rate", None), "int | None")
    assert_type(config.popitem(), tuple[str, int])
    assert_type(config.keys(), KeysView[str])
    assert_type(config.values(), ValuesView[int])
    assert_type(config.items(), ItemsView[str, int])
    assert_type(list(config), list[str])
    assert_type(config.copy(), dict[str, int])
    assert_type(config | {"rate": 10}, dict[str, int])
    assert_type("rate" in config, bool)
    config["rate"] = 10
    config.update({"rate": 10}, size=3)
    config |= {"rate": 10}
    del config["rate"]
    config["rate"] = "fast"  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]  # no int
    config.set(1, 10)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no str
    config.set("rate")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no value
    config.put("rate", 10)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # no such operation


async def an_async_dict(config: AsyncDict[str, int]) -> None:
    awaitable: Coroutine[Any, Any, int | None] = config.get("rate")
    assert_type(await awaitable, "int | None")
    assert_type(await config.get("rate", "none"), "int | str | None")
    assert_type(await config.set("rate", 10), None)
    assert_type(await config.contains("rate"), bool)
    assert_type(await config.size(), int)
    assert_type(config.items(), AsyncIterator[tuple[str, int]])
    assert_type(await config.copy(), dict[str, int])
    assert_type(await config.update({"rate": 10}, size=3), None)
    config.set("rate", 10)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]  # not awaited
    await config.set("rate", "fast")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no int
    list(config.keys())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # `async for`


def a_list(log: List[str]) -> None:
    sequence: MutableSequence[str] = log
    assert_type(sequence[0], str)
    assert_type(log[0], str)
    assert_type(log[1:-1:2], list[str])
    assert_type(log.pop(), str)
    assert_type(log.index("a"), int)
    assert_type(log.get_slice(1), Iterator[str])
    assert_type(log.copy(), list[str])
    assert_type(log + log.copy(), list[str])
    assert_type(log * 2, list[str])
    log[1:3] = ["a", "b"]
    log += ["c"]
    log *= 2
    log.sort(key=len, reverse=True)
    del log[0], log[1:2]
    log.append(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no str
    log[0] = 1  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # no str


async def an_async_list(log: AsyncList[str]) -> None:
    assert_type(await log.get(0), str)
    assert_type(await log.pop(), str)
    assert_type(log.get_slice(1), AsyncIterator[str])
    assert_type(await log.copy(), list[str])
    await log.sort(key=len, reverse=True)
    log.append("a")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]  # not awaited


def a_queue(jobs: Queue[int]) -> None:
    claim = jobs.claim(timeout=5)
    with claim as item:
        assert_type(item, int)
    assert_type(claim, shared_state.Claim[int])
    assert_type(claim.attempt, int)
    assert_type(jobs.put(1, timeout=0.5), None)
    assert_type(jobs.get(block=False), int)
    assert_type(jobs.get_many(10), list[int])
    assert_type(jobs.qsize(), int)
    assert_type(jobs.join(), bool)
    jobs.put("one")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no int


async def an_async_queue(jobs: AsyncQueue[int]) -> None:
    async with jobs.claim() as item:
        assert_type(item, int)
    assert_type(await jobs.get(timeout=0.5), int)
    assert_type(await jobs.get_many(10), list[int])
    jobs.get()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]  # not awaited


def a_fence(config: Dict[str, int], jobs: Queue[str], leader: Lock) -> None:
    with leader as leading:
        config.set("rate", 10, fence=leading)
        assert_type(config.add("rate", 1, fence=leading), int)
        assert_type(jobs.get(timeout=1, fence=leading), str)
        config.set("rate", 10, fence=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no grant
        config.get("rate", fence=leading)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # only reads
    assert_type(leader.grant, "shared_state.Grant | None")
    config.set("rate", 10, fence=leader.grant)
    assert_type(leader.abandoned, bool)


async def an_async_fence(config: AsyncDict[str, int], leader: AsyncLock) -> None:
    async with leader as leading:
        assert_type(await config.add("rate", 1, fence=leading), int)
        await config.set("rate", 10, fence="leader")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no grant


def a_lock(leader: Lock) -> None:
    assert_type(leader.acquire(timeout=1), bool)
    assert_type(leader.acquire(blocking=False), bool)
    assert_type(leader.locked(), bool)
    assert_type(leader.owner(), "shared_state.Owner | None")
    with leader as taken:
        assert_type(taken, shared_state.Grant)


async def an_async_lock(leader: AsyncLock) -> None:
    assert_type(await leader.acquire(timeout=1), bool)
    async with leader as taken:
        assert_type(taken, shared_state.Grant)
    leader.release()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]  # not awaited
    with leader:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]  # `async with`
        pass


def errors_are_classes_to_catch() -> None:
    try:
        shared_state.connect().dict("jobs")
    except shared_state.TypeMismatch as mismatch:
        caught: TypeError = mismatch
        ours: shared_state.SharedStateError = mismatch
        raise caught from ours
    except (shared_state.ServerClosing, shared_state.OutcomeUnknown) as error:
        assert_type(error, "shared_state.ServerClosing | shared_state.OutcomeUnknown")
