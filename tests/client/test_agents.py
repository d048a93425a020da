"""Agents: a number for each task, and never the same one for two."""

from __future__ import annotations

import asyncio

from shared_state.agents import number_of_task


async def number() -> int:
    return number_of_task()


async def test_a_task_has_one_number() -> None:
    assert number_of_task() == number_of_task() > 0


async def test_a_task_that_comes_later_has_another_one() -> None:
    """Also where the memory of the one before, and with it its `id`, is used again."""
    numbers = [await asyncio.create_task(number()) for _ in range(1000)]
    assert len(set(numbers)) == 1000


async def test_what_is_no_task_has_none() -> None:
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(lambda: found.set_result(number_of_task()))
    assert await found == 0
