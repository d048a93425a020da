"""What type checkers see of locks, semaphores, conditions, events and barriers. Nobody runs this.

`assert_type` holds what a call gives; a line with ignores is a mistake that both checkers report.
"""

from __future__ import annotations

from typing_extensions import assert_type

import shared_state


def blocks(state: shared_state.Client) -> None:
    with state.lock("l") as taken:
        assert_type(taken, shared_state.Grant)
    with state.rlock("r"), state.semaphore("s", 3), state.bounded_semaphore("b", 3):
        pass
    with state.condition("own") as taken, state.condition("given", state.lock("l")):
        assert_type(taken, shared_state.Grant)
    with state.event("e"):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]  # no lock
        pass


def waits(state: shared_state.Client) -> None:
    ready = state.condition("ready", "r")
    assert_type(ready.wait(), bool)
    assert_type(ready.wait(timeout=1), bool)
    assert_type(ready.wait_for(lambda: "found", 1.0), str)
    assert_type(ready.notify(2), None)
    assert_type(state.event("e").wait(0.5), bool)
    assert_type(state.barrier("b", 2, lambda: None, timeout=1.0).wait(1), int)
    assert_type(state.barrier("b", 2).broken, bool)
    assert_type(state.semaphore("s").acquire(timeout=1), bool)
    assert_type(state.rlock("r").owner(), "shared_state.Owner | None")
    ready.wait("soon")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no number


async def async_blocks(state: shared_state.AsyncClient) -> None:
    async with state.lock("l") as taken:
        assert_type(taken, shared_state.Grant)
    async with state.rlock("r"), state.semaphore("s", 3), state.bounded_semaphore("b", 3):
        pass
    async with state.condition("own") as taken, state.condition("given", state.lock("l")):
        assert_type(taken, shared_state.Grant)


async def async_waits(state: shared_state.AsyncClient) -> None:
    ready = state.condition("ready", state.rlock("r"))
    assert_type(await ready.wait(), bool)
    assert_type(await ready.wait_for(lambda: "found", 1.0), str)
    assert_type(await ready.notify_all(), None)
    assert_type(await state.event("e").wait(0.5), bool)
    assert_type(await state.barrier("b", 2, lambda: None, timeout=1.0).wait(1), int)
    state.event("e").set()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]  # not awaited
