"""Virtual time passes when nobody has anything to do, and not otherwise."""

from __future__ import annotations

import asyncio

import pytest

from .loop import Deadlock, VirtualLoop


def new_loop() -> VirtualLoop:
    return VirtualLoop()  # type: ignore[abstract]  # it has what we ask of a loop


def test_sleeping_costs_virtual_time_only() -> None:
    async def sleep() -> float:
        await asyncio.sleep(1000.0)
        return asyncio.get_running_loop().time()

    assert new_loop().run(sleep()) == 1000.0


def test_what_is_ready_runs_in_order_and_timers_by_their_time() -> None:
    diary: list[str] = []

    async def program() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.2, diary.append, "later")
        loop.call_later(0.1, diary.append, "soon")
        loop.call_later(0.1, diary.append, "just after")
        loop.call_later(0.15, diary.append, "never").cancel()
        loop.call_soon(diary.append, "first")
        loop.call_soon(diary.append, "second")
        await asyncio.sleep(0.3)

    new_loop().run(program())
    assert diary == ["first", "second", "soon", "just after", "later"]


def test_after_a_stall_everything_is_late() -> None:
    async def program() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        timer = asyncio.ensure_future(asyncio.sleep(0.1))
        await asyncio.sleep(0.0)
        loop.stall(5.0)
        await timer
        return loop.time()

    assert new_loop().run(program()) == 5.0


def test_a_timeout_ends_a_wait() -> None:
    async def program() -> float:
        loop = asyncio.get_running_loop()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(loop.create_future(), 3.0)
        return loop.time()

    assert new_loop().run(program()) == 3.0


def test_who_waits_for_nobody_is_told() -> None:
    async def program() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlock):
        new_loop().run(program())


def test_an_error_that_nobody_handles_is_kept() -> None:
    async def program() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(1.0)

    loop = new_loop()
    loop.run(program())
    [context] = loop.errors
    assert isinstance(context["exception"], ZeroDivisionError)
