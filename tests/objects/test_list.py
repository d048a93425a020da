"""List: exceptions that change nothing, sorting while others write, snapshots, many writers.

That it does what `list` does is in `tests/models/test_list.py` and `tests/client/test_objects.py`.
"""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import pytest

import shared_state
from shared_state import LimitExceeded, List
from shared_state_server.memory import list as list_in_memory
from shared_state_server.memory import ordering
from shared_state_server.memory.list import MAX_REPEATED_BYTES, MAX_REPEATED_ITEMS

from ..fixtures.children import Children
from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer

VALUE = "x" * 1000
MANY = 2000
"""Items of that size: some eight portions."""


# Exceptions


WRONG: list[tuple[type[Exception], Callable[[Any], Any]]] = [
    (IndexError, lambda items: items.get(3)),
    (IndexError, lambda items: items.set(-4, "n")),
    (IndexError, lambda items: items.delete(3)),
    (IndexError, lambda items: items.pop(3)),
    (ValueError, lambda items: items.remove("n")),
    (ValueError, lambda items: items.index("n")),
    (ValueError, lambda items: items.index("a", 1)),
    (ValueError, lambda items: items.set_slice(None, None, 2, ["n"])),
    (ValueError, lambda items: items.delete_slice(None, None, 0)),
    (TypeError, lambda items: items.sort()),
    (TypeError, lambda items: items.append(object())),
    (TypeError, lambda items: items.extend(["n", object()])),
    (TypeError, lambda items: items.extend(5)),
    (TypeError, lambda items: items.insert("0", "n")),
    (TypeError, lambda items: items.repeat(2.0)),
    (ValueError, lambda items: items.rearrange([0, 1, 1], items.revision())),
    (ValueError, lambda items: items.rearrange([0, 1], items.revision())),
    (OverflowError, lambda items: items.insert(2**64, "n")),
]


@pytest.mark.parametrize(("error", "call"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_a_call_that_fails_changes_nothing(
    either: Either, error: type[Exception], call: Callable[[Any], Any]
) -> None:
    items = either.list("l")
    items.extend(["a", 1, None])
    revision = items.revision()
    with pytest.raises(error):
        call(items)
    assert items.copy() == ["a", 1, None]
    assert items.revision() == revision


def test_an_empty_list_has_no_item_to_pop(either: Either) -> None:
    with pytest.raises(IndexError):
        either.list("l").pop()


# Values


def test_items_are_compared_as_python_compares_them(either: Either) -> None:
    items = either.list("l")
    items.extend([1.0, "1", True, [1], (1,), {"a": 1}, {1}])
    assert items.index(1) == 0
    assert items.count(1) == 2
    assert items.index([1.0]) == 3
    assert items.index((True,)) == 4
    assert items.index({"a": 1.0}) == 5
    assert items.index(frozenset({1})) == 6
    assert not items.contains("2")


def test_items_come_as_copies(either: Either) -> None:
    items = either.list("l")
    items.append([1])
    items.get(0).append(2)
    assert items.get(0) == [1]


def test_any_iterable_extends_a_list(either: Either) -> None:
    items = either.list("l")
    for values in ([1], (2,), iter([3]), range(4, 6), {6: "value"}, "7"):
        items.extend(values)
    assert items.copy() == [1, 2, 3, 4, 5, 6, "7"]


# Sorting


def test_the_server_sorts_stably_and_both_ways(either: Either) -> None:
    items = either.list("l")
    items.extend([2, 1.0, 3, 1, True])
    items.sort()
    assert repr(items.copy()) == "[1.0, 1, True, 2, 3]"
    items.sort(reverse=True)
    assert repr(items.copy()) == "[3, 2, 1.0, 1, True]"


@pytest.mark.parametrize("kind", ["NaN", "sNaN"])
def test_sorting_what_is_no_number_raises_what_python_raises_and_changes_nothing(
    either: Either, kind: str
) -> None:
    items = either.list("l")
    items.extend([2, Decimal(kind), 1])
    revision = items.revision()
    with pytest.raises(InvalidOperation):
        items.sort()
    assert str(items.copy()) == f"[2, Decimal('{kind}'), 1]"
    assert items.revision() == revision


def test_numbers_of_numpy_that_it_cannot_compare_raise_what_it_raises(either: Either) -> None:
    items = either.list("l")
    items.extend([np.datetime64("2020-01-01"), np.int64(5)])
    with pytest.raises(TypeError, match="ufunc"):
        items.sort()


def test_a_key_sorts_stably_and_both_ways(either: Either) -> None:
    items = either.list("l")
    items.extend(["bb", "a", "ccc", "c", "dd"])
    items.sort(key=len)
    assert items.copy() == ["a", "c", "bb", "dd", "ccc"]
    items.sort(key=len, reverse=True)
    assert items.copy() == ["ccc", "bb", "dd", "a", "c"]


def test_a_key_that_raises_changes_nothing(either: Either) -> None:
    items = either.list("l")
    items.extend(["a", 1])
    with pytest.raises(TypeError):
        items.sort(key=len)
    assert items.copy() == ["a", 1]


def test_sorting_by_a_key_loses_no_append(either: Either, other: shared_state.Client) -> None:
    """Somebody appends while the keys are computed: they are computed again."""
    items = either.list("l")
    items.extend([3, 1, 2])
    appended: list[int] = []

    def key(item: int) -> int:
        if len(appended) < 3:
            appended.append(-len(appended))
            other.list("l").append(appended[-1])
        return item

    items.sort(key=key)
    assert items.copy() == [-2, -1, 0, 1, 2, 3]


@pytest.mark.parametrize(
    "change",
    [
        lambda items: items.set(0, "n"),
        lambda items: items.reverse(),
        lambda items: items.pop(),
        lambda items: items.insert(1, "n"),
        lambda items: items.clear(),
        lambda items: items.sort(),
        lambda items: items.repeat(2),
        lambda items: items.remove("b"),
        lambda items: items.extend(["n"]),
        lambda items: items.delete(0),
        lambda items: items.set_slice(0, 1, None, []),
        lambda items: items.delete_slice(0, 1),
        lambda items: items.compare_and_set(0, "a", "n"),
        lambda items: items.rearrange([1, 0], items.revision()),
    ],
)
def test_every_change_keeps_an_older_order_from_being_applied(
    client: shared_state.Client, change: Callable[[Any], Any]
) -> None:
    items = client.list("l")
    items.extend("ab")
    revision = items.revision()
    change(items)
    changed = items.copy()
    assert items.rearrange(list(range(len(changed))), revision) is False
    assert items == changed


def test_sorting_by_a_key_while_others_append_loses_nothing(
    client: shared_state.Client, server: ThreadServer
) -> None:
    items = client.list("l")
    count = 200

    def append(writer: int) -> None:
        with server.connect() as state:
            for number in range(count):
                state.list("l").append((number, writer))

    threads = [threading.Thread(target=append, args=(writer,)) for writer in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        items.sort(key=lambda item: item[0], reverse=True)
    items.sort(key=lambda item: item)
    assert items == [(number, writer) for number in range(count) for writer in range(2)]


# Snapshots


@pytest.mark.parametrize("read", [iter, reversed])
def test_who_iterates_sees_one_moment_whatever_is_written(
    client: shared_state.Client, other: shared_state.Client, read: Callable[[Any], Any]
) -> None:
    content = [f"{number} {VALUE}" for number in range(MANY)]
    items = client.list("l")
    items.extend(content)
    found: list[str] = []
    for item in read(items):
        if len(found) in (0, MANY // 2):
            other.list("l").pop(0)
            other.list("l")[:] = ["changed"]
        found.append(item)
    assert found == list(read(content))
    assert items == ["changed"]


def test_an_async_reader_sees_one_moment_whatever_is_written(
    server: ThreadServer, other: shared_state.Client
) -> None:
    content = [f"{number} {VALUE}" for number in range(MANY)]
    other.list("l").extend(content)

    async def read() -> list[str]:
        found: list[str] = []
        key = server.settings.authkey
        async with shared_state.connect_async(server.address, authkey=key) as state:
            async for item in state.list("l").get_slice(None, None, -1):
                if not found:
                    other.list("l").clear()
                found.append(item)
        return found

    assert asyncio.run(read()) == content[::-1]


# Many writers

WRITERS = 4
WRITES = 150


def write(state: shared_state.Client, parent: Connection, writer: int) -> None:
    """Write to one list in every way that adds; take what others add too; tell what was taken."""
    items: List[Any] = state.list("l")
    taken = []
    for number in range(WRITES):
        items.append((writer, "append", number))
        items.insert(0, (writer, "insert", number))
        items += [(writer, "extend", number), (writer, "extended", number)]
        items[1:1] = [(writer, "slice", number)]
        taken += [items.pop(), items.pop(0)]
    parent.send(taken)


def test_what_processes_write_is_there_exactly_once(
    server: ThreadServer, client: shared_state.Client, children: Children
) -> None:
    started = [children(write, server, writer) for writer in range(WRITERS)]
    taken = [item for child in started for item in child.hear()]
    for child in started:
        child.end()
    left = client.list("l").copy()
    ways = ("append", "insert", "extend", "extended", "slice")
    assert Counter([*taken, *left]) == Counter(
        (writer, way, number)
        for writer in range(WRITERS)
        for way in ways
        for number in range(WRITES)
    )
    assert len(taken) == WRITERS * WRITES * 2


# Limits


@pytest.mark.parametrize("times", [MAX_REPEATED_ITEMS // 3 + 1, 1 << 40, (1 << 63) - 1])
def test_repeating_without_bounds_is_refused_and_changes_nothing(
    either: Either, times: int
) -> None:
    items = either.list("items")
    items.extend([1, 2, 3])
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded, match="MAX_REPEATED_ITEMS"):
            items.repeat(times)
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_REPEATED_ITEMS
    finally:
        tracemalloc.stop()
    assert items.size() == 3
    items.clear()
    items.repeat(times)
    assert items.size() == 0


def test_repeating_large_items_is_bounded_too(either: Either) -> None:
    items = either.list("items")
    items.append(b"x" * (MAX_REPEATED_BYTES // 10))
    with pytest.raises(LimitExceeded, match="MAX_REPEATED_BYTES"):
        items.repeat(10)
    items.repeat(9)
    assert items.size() == 9


def test_repeated_items_are_decoded_once(
    client: shared_state.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = client.list("items")
    items.extend([(1, 2), (0, 1)])
    items.sort()
    items.insert(0, (3, 4))
    items.pop()
    items.repeat(500)
    decoded: Counter[bytes] = Counter()
    for module in (list_in_memory, ordering):

        def decode(payload: bytes, decode: Callable[[bytes], Any] = module._codec.decode) -> Any:
            decoded[payload] += 1
            return decode(payload)

        monkeypatch.setattr(module._codec, "decode", decode)
    items.sort()
    assert items[:] == [*[(0, 1)] * 500, *[(3, 4)] * 500]
    assert decoded.total() == 2
    assert items.count((0, 1.0)) == 500
    assert items.index((3.0, 4)) == 500
    with pytest.raises(ValueError, match="not in list"):
        items.index((0, 2))
    assert decoded.total() == 2 + 3 * (1 + 2)


def test_repeating_in_place_is_bounded_too(client: shared_state.Client) -> None:
    items = client.list("items")
    items.append(1)
    with pytest.raises(LimitExceeded):
        items *= MAX_REPEATED_ITEMS + 1
    with pytest.raises(OverflowError):
        items *= 1 << 64
    items *= -1
    assert items == []
