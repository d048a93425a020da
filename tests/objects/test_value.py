"""Value through both clients: one item of a C type, and its lock."""

from __future__ import annotations

import asyncio
import ctypes
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shared_state
from shared_state_protocol.typecodes import CODES
from shared_state_server.memory.value import Value as Behaviour

from ..fixtures.children import Children
from ..fixtures.clients import Either, ask
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting
from ..models.direct import Direct

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""

ZEROS: dict[str, Any] = {"c": b"\0", "u": "\0"}
SOME: dict[str, Any] = {"c": b"x", "u": "é", "f": 0.5, "d": 0.1}


@pytest.mark.parametrize("code", CODES)
def test_it_has_its_zero_and_then_what_was_set(either: Either, code: str) -> None:
    value = either.value("value", code)
    assert ask(value, "typecode") == code
    assert value.get() == ZEROS.get(code, 0)
    assert type(value.get()) is type(ZEROS.get(code, 0.0 if code in "fd" else 0))
    assert value.set(SOME.get(code, 7)) is None
    assert value.get() == SOME.get(code, 7)


@pytest.mark.parametrize("code", CODES)
def test_what_it_is_at_first_counts_for_who_creates_it(
    either: Either, other: shared_state.Client, code: str
) -> None:
    assert either.value("value", code, SOME.get(code, 7)).get() == SOME.get(code, 7)
    assert other.value("value", code).get() == SOME.get(code, 7)


@pytest.mark.parametrize("code", ["x", "", "ii", "int"])
def test_a_code_that_does_not_exist_is_refused_with_the_table(either: Either, code: str) -> None:
    with pytest.raises(TypeError, match="there are b B c u h H i I l L q Q f d"):
        either.value("value", code).get()
    assert either.objects() == []


@pytest.mark.parametrize(
    ("code", "first", "beyond"),
    [
        ("b", 7, 300),
        ("b", -7, -129),
        ("B", 7, -1),
        ("H", 7, 1 << 16),
        ("i", 7, 1 << 31),
        ("l", 7, 1 << 63),
        ("L", 7, -1),
        ("q", 7, 1 << 100),
        ("Q", 7, 1 << 64),
    ],
)
def test_a_number_out_of_range_changes_nothing(
    either: Either, code: str, first: int, beyond: int
) -> None:
    value = either.value("value", code, first)
    changes: list[Callable[[], object]] = [
        lambda: value.set(beyond),
        lambda: value.add(beyond - first),
        lambda: value.compare_and_set(first, beyond),
    ]
    for change in changes:
        with pytest.raises(OverflowError):
            change()
        assert value.get() == first


@pytest.mark.parametrize(
    ("code", "bad"), [("i", 1.5), ("i", "1"), ("i", b"1"), ("d", "1"), ("c", b"ab"), ("u", "ab")]
)
def test_an_item_of_another_type_changes_nothing(either: Either, code: str, bad: Any) -> None:
    value = either.value("value", code, SOME.get(code, 7))
    with pytest.raises(TypeError):
        value.set(bad)
    with pytest.raises(TypeError):
        value.add(bad)
    with pytest.raises(TypeError):
        value.compare_and_set(SOME.get(code, 7), bad)
    assert value.get() == SOME.get(code, 7)


def test_bad_beginnings_create_nothing(either: Either) -> None:
    with pytest.raises(OverflowError):
        either.value("value", "b", 300).get()
    with pytest.raises(TypeError):
        either.value("value", "i", "many").get()
    assert either.objects() == []


def test_it_adds_and_returns_the_sum(either: Either) -> None:
    value = either.value("value", "i", 40)
    assert value.add(2) == 42
    assert value.add(-50) == -8
    assert value.get() == -8
    assert either.value("double", "d", 0.5).add(0.25) == 0.75


@pytest.mark.parametrize("code", "cu")
def test_characters_are_no_numbers(either: Either, code: str) -> None:
    value = either.value("value", code, SOME[code])
    with pytest.raises(TypeError, match="is no number"):
        value.add(1)
    assert value.get() == SOME[code]


def test_it_is_replaced_only_if_it_is_the_old_one(either: Either) -> None:
    value = either.value("value", "i", 1)
    assert value.compare_and_set(2, 3) is False
    assert value.get() == 1
    assert value.compare_and_set(1, 3) is True
    assert value.get() == 3


@given(st.floats(), st.floats())
def test_a_float_is_rounded_and_summed_as_c_does(first: float, amount: float) -> None:
    value = shared_state.Value("value", Direct(Behaviour("f", first)))
    rounded = ctypes.c_float(first).value
    total = ctypes.c_float(rounded + amount).value
    assert math.isnan(rounded) or value.get() == rounded
    assert math.isnan(total) or value.add(amount) == total


@given(st.integers(-128, 127), st.lists(st.integers(-300, 300)))
def test_sums_are_those_of_integers_or_overflow(first: int, amounts: list[int]) -> None:
    value = shared_state.Value("value", Direct(Behaviour("b", first)))
    for amount in amounts:
        if -128 <= first + amount <= 127:
            first += amount
            assert value.add(amount) == first
        else:
            with pytest.raises(OverflowError):
                value.add(amount)
        assert value.get() == first


# Its lock


def test_get_lock_is_the_lock_of_the_value(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    theirs = other.value("value", "i")
    theirs.get_lock().acquire()
    lock = either.value("value", "i").get_lock()
    assert lock.acquire(timeout=SHORT_S) is False
    acquiring = threads.submit(lock.acquire, True, LONG_S)
    until(lambda: waiting(other, "value") == 1)
    theirs.release()
    assert acquiring.result() is True


def test_nobody_has_to_take_the_lock(either: Either, other: shared_state.Client) -> None:
    other.value("value", "i", 1).acquire()
    value = either.value("value", "i")
    assert value.add(1) == 2
    value.set(5)
    assert value.get() == 5


def test_what_is_not_held_cannot_be_released(either: Either, other: shared_state.Client) -> None:
    value = either.value("value", "i")
    with pytest.raises(RuntimeError, match="un-acquired"):
        value.get_lock().release()
    other.value("value", "i").acquire()
    with pytest.raises(RuntimeError, match="un-acquired"):
        value.get_lock().release()


def test_attribute_and_with_block(client: shared_state.Client, other: shared_state.Client) -> None:
    value, theirs = client.value("value", "i", 1), other.value("value", "i")
    with value.get_lock(), value:
        value.value += 1
        assert theirs.locked()
        assert theirs.get_lock().acquire(blocking=False) is False
    assert not theirs.locked()
    assert theirs.value == 2
    assert str(value) == "2"


async def test_tasks_take_turns_with_async_with(server: ThreadServer) -> None:
    async def increment(value: shared_state.AsyncValue, either_way: bool) -> None:
        async with value.get_lock() if either_way else value:
            found = await value.get()
            assert isinstance(found, int)
            await asyncio.sleep(0)
            await value.set(found + 1)

    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        value = state.value("value", "i")
        await asyncio.gather(*(increment(value, bool(i % 2)) for i in range(20)))
        assert await value.get() == 20


def _hold(state: shared_state.Client, parent: Connection) -> None:
    state.value("value", "i").get_lock().acquire()
    parent.send("held")
    parent.recv()


def test_the_lock_of_a_killed_holder_goes_to_the_next(
    either: Either,
    other: shared_state.Client,
    server: ThreadServer,
    children: Children,
    threads: ThreadPoolExecutor,
) -> None:
    holder = children(_hold, server)
    assert holder.hear() == "held"
    acquiring = threads.submit(either.value("value", "i").get_lock().acquire, True, LONG_S)
    until(lambda: waiting(other, "value") == 1)
    holder.kill()
    assert acquiring.result() is True
