"""Array through both clients: items of a C type, packed ranges, and sums in place."""

from __future__ import annotations

import tracemalloc
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import shared_state
from shared_state import LimitExceeded, StaleFence
from shared_state_protocol.contract import Caller, Made, Operation
from shared_state_protocol.typecodes import CODES, pack
from shared_state_protocol.wire.large import LARGE_BYTES
from shared_state_server.memory.array import MAX_ADDED_ITEMS, MAX_ARRAY_BYTES
from shared_state_server.memory.array import Array as Behaviour

from ..fixtures.clients import Either, ask
from ..fixtures.relays import Relay
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""

MANY = 1_000_000

DTYPES = dict(zip("bBhHiIlLqQfd", "i1 u1 i2 u2 i4 u4 i8 u8 i8 u8 f4 f8".split(), strict=True))


def contents(items: Any) -> list[Any]:
    """Return all items of an array of either client."""
    listed: list[Any] = items.read().tolist()
    return listed


@pytest.mark.parametrize("code", CODES)
def test_it_is_zeros_of_its_type_at_first(either: Either, code: str) -> None:
    items = either.array("items", code, 3)
    assert (ask(items, "typecode"), items.size()) == (code, 3)
    assert [items.get(index) for index in (0, 1, -1)] == [{"c": b"\0", "u": "\0"}.get(code, 0)] * 3


@pytest.mark.parametrize(
    ("code", "first"),
    [("i", range(3)), ("d", [0.5, 1.5]), ("c", b"abc"), ("c", [b"a"]), ("u", "añ"), ("d", [])],
)
def test_it_may_have_items_at_first(either: Either, code: str, first: Any) -> None:
    items = either.array("items", code, first)
    expected = [first[i : i + 1] for i in range(len(first))] if first == b"abc" else list(first)
    assert [items.get(index) for index in range(items.size())] == expected


@pytest.mark.parametrize("number", [0xD800, 0x110000])
def test_what_could_not_be_told_in_a_reply_is_refused(either: Either, number: int) -> None:
    packed = number.to_bytes(4, "little")
    with pytest.raises(ValueError, match="is no character"):
        either.array("text", "u", array("I", [number])).size()
    items = either.array("text", "u", "ab")
    with pytest.raises(ValueError, match="is no character"):
        items.set_packed(0, 1, 1, packed)
    with pytest.raises(ValueError, match="is no character"):
        items.write(array("I", [number]))
    assert [items.get(index) for index in range(2)] == ["a", "b"]


def test_a_surrogate_is_refused_where_it_is_given(client: shared_state.Client) -> None:
    text = "\ud800"
    value, items = client.value("letter", "u", "a"), client.array("text", "u", "ab")
    for wrong in (
        lambda: items.set(0, text),
        lambda: value.set(text),
        lambda: client.value("more", "u", text),
        lambda: client.array("more", "u", text),
        lambda: items.__setitem__(slice(0, 1), text),
    ):
        with pytest.raises((ValueError, TypeError)):
            wrong()
    assert (items[:], value.value) == ("ab", "a")


def test_its_zeros_take_no_memory_but_its_own() -> None:
    tracemalloc.start()
    try:
        items = Behaviour("d", MANY)
        assert tracemalloc.get_traced_memory()[1] < 1.1 * 8 * MANY
    finally:
        tracemalloc.stop()
    assert items.get_packed(0, MANY, MANY - 1) == bytes(16)


class Three:
    """A number like those of NumPy."""

    def __index__(self) -> int:
        return 3


def test_its_length_may_be_any_integer(either: Either) -> None:
    assert either.array("items", "i", Three()).size() == 3
    assert either.array("some", "i", np.int64(3)).size() == 3
    with pytest.raises(TypeError, match="float"):
        either.array("more", "i", 3.0)


def test_what_numpy_has_may_be_its_items(either: Either) -> None:
    assert contents(either.array("one", "i", np.array([7]))) == [7]


@pytest.mark.parametrize("code", ["x", "", "ii"])
@pytest.mark.parametrize("first", [3, [1, 2]])
def test_a_code_that_does_not_exist_is_refused_with_the_table(
    either: Either, code: str, first: Any
) -> None:
    with pytest.raises(TypeError, match="there are b B c u h H i I l L q Q f d"):
        either.array("items", code, first)
    assert either.objects() == []


def test_a_length_that_cannot_be_is_refused(client: shared_state.Client) -> None:
    for length in (-1, MAX_ARRAY_BYTES // 8 + 1, 1 << 40):
        with pytest.raises(LimitExceeded):
            client.array("items", "d", length)
    assert client.objects() == []


def test_one_item(either: Either) -> None:
    items = either.array("items", "i", [1, 2, 3])
    items.set(0, 10)
    items.set(-1, 30)
    assert contents(items) == [10, 2, 30]
    for index in (3, -4, 1 << 40):
        with pytest.raises(IndexError):
            items.get(index)
        with pytest.raises(IndexError):
            items.set(index, 0)
    assert contents(items) == [10, 2, 30]


def test_an_item_out_of_range_changes_nothing(either: Either) -> None:
    items = either.array("items", "b", [1, 2, 3])
    for error, bad in ((OverflowError, 300), (TypeError, 1.5), (TypeError, "1")):
        with pytest.raises(error):
            items.set(1, bad)
    assert contents(items) == [1, 2, 3]


# Ranges


def test_a_range_is_read_and_written_packed(either: Either) -> None:
    items = either.array("items", "h", range(10))
    assert items.get_packed(2, 5) == pack("h", [2, 3, 4])
    assert items.get_packed(9, -1, -3) == pack("h", [9, 6, 3, 0])
    items.set_packed(0, 10, 5, pack("h", [-1, -2]))
    assert contents(items) == [-1, 1, 2, 3, 4, -2, 6, 7, 8, 9]


@pytest.mark.parametrize("indices", [range(8, 11), range(-1, 2), range(10, 12), range(2, -3, -1)])
def test_a_range_beyond_the_array_changes_nothing(either: Either, indices: range) -> None:
    items = either.array("items", "h", range(10))
    place = indices.start, indices.stop, indices.step
    changes: list[Callable[[], object]] = [
        lambda: items.get_packed(*place),
        lambda: items.set_packed(*place, pack("h", indices)),
        lambda: items.add(indices, 1),
        lambda: items.add(indices, indices),
    ]
    for change in changes:
        with pytest.raises(IndexError):
            change()
    assert contents(items) == [*range(10)]


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0", bytes(6)])
def test_an_array_keeps_its_length(either: Either, data: bytes) -> None:
    items = either.array("items", "h", range(10))
    for change in (items.set_packed, items.add_packed):
        with pytest.raises(ValueError, match=r"keeps its length|no whole number"):
            change(0, 2, 1, data)
    assert contents(items) == [*range(10)]


def test_a_number_is_added_to_each_of_a_range(either: Either) -> None:
    items = either.array("items", "i", range(6))
    assert items.add(range(1, 3), 10) is None
    items.add(range(5, 2, -2), -1)
    items.add(range(3, 3), 100)
    assert contents(items) == [0, 11, 12, 2, 4, 4]


@pytest.mark.parametrize("count", [3, LARGE_BYTES])
def test_items_are_written_from_somewhere_on_and_guarded(either: Either, count: int) -> None:
    items, leader = either.array("items", "i", count + 1), either.lock("leader")
    items.write([7] * count, 1)
    leader.acquire()
    grant = leader.grant
    items.write([8] * (count - 1), 1, fence=grant)
    leader.release()
    with pytest.raises(StaleFence):
        items.write([9] * count, fence=grant)
    with pytest.raises(IndexError):
        items.write([9] * count, 2)
    assert contents(items) == [0, *[8] * (count - 1), 7]


def test_a_slice_is_a_range_of_what_there_is(either: Either) -> None:
    items = either.array("items", "i", range(6))
    items.add(slice(-2, None), 10)
    items.add(slice(None, None, -3), [1, 2])
    assert contents(items) == [0, 1, 4, 3, 14, 16]


def test_each_of_a_range_gets_its_own_number(either: Either) -> None:
    items = either.array("items", "d", 4)
    items.add(range(4), [1, 2, 3, 4])
    items.add(range(3, -1, -1), np.array([0.5, 0, 0, 0]))
    assert contents(items) == [1, 2, 3, 4.5]
    with pytest.raises(ValueError, match="keeps its length"):
        items.add(range(4), [1, 2])
    assert contents(items) == [1, 2, 3, 4.5]


def test_a_sum_that_overflows_changes_nothing(either: Either) -> None:
    items = either.array("items", "b", [1, 2, 127])
    with pytest.raises(OverflowError):
        items.add(range(3), 1)
    with pytest.raises(OverflowError):
        items.add(range(3), [1, 1, 1])
    with pytest.raises(OverflowError):
        items.add(range(2), [1, 300])
    with pytest.raises(TypeError):
        items.add(range(3), 0.5)
    assert contents(items) == [1, 2, 127]


def test_a_sum_over_too_many_items_is_refused_before_it_is_made(either: Either) -> None:
    items = either.array("items", "b", MAX_ADDED_ITEMS + 2)
    items.add(range(MAX_ADDED_ITEMS), 1)
    for more in (1, bytes(MAX_ADDED_ITEMS + 1)):
        with pytest.raises(LimitExceeded, match="MAX_ADDED_ITEMS"):
            items.add(range(1, MAX_ADDED_ITEMS + 2), more)
        with pytest.raises(LimitExceeded, match="MAX_ADDED_ITEMS"):
            items.add(range(MAX_ADDED_ITEMS, -1, -1), more)
    assert [items.get(index) for index in (0, MAX_ADDED_ITEMS - 1, MAX_ADDED_ITEMS)] == [1, 1, 0]


@pytest.mark.parametrize(("code", "first"), [("c", b"ab"), ("u", "ab")])
def test_characters_are_no_numbers(either: Either, code: str, first: Any) -> None:
    items = either.array("items", code, first)
    with pytest.raises(TypeError, match="no numbers"):
        items.add(range(2), 1)
    with pytest.raises(TypeError, match="no numbers"):
        items.add(range(2), first)


# Buffers


@pytest.mark.parametrize("code", DTYPES)
def test_what_is_read_is_an_array_of_the_right_type_for_numpy(either: Either, code: str) -> None:
    items = np.asarray(either.array("items", code, [1, 2, 3]).read())
    assert items.dtype == np.dtype(DTYPES[code])
    assert items.tolist() == [1, 2, 3]


def test_it_is_read_into_a_buffer(client: shared_state.Client) -> None:
    items = client.array("items", "d", [1, 2, 3])
    for out in (np.zeros(3), array("d", 3 * [0.0]), np.zeros((3, 1))):
        assert items.read(out=out) is out
        assert np.asarray(out).ravel().tolist() == [1, 2, 3]
    for bad in (np.zeros(2), np.zeros(4)):
        with pytest.raises(ValueError, match="different"):
            items.read(out=bad)
    with pytest.raises(TypeError, match="read-only"):
        items.read(out=bytes(24))


async def test_items_are_written_from_an_index_on(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        items = state.array("items", "d", 4)
        await items.write(np.array([1.0, 2.0]), start=1)
        await items.write([3], start=3)
        assert (await items.read()).tolist() == [0, 1, 2, 3]
        with pytest.raises(IndexError):
            await items.write([1, 2], start=3)
        with pytest.raises(IndexError):
            await items.write([1], start=-1)
        assert (await items.read()).tolist() == [0, 1, 2, 3]


# On the wire


def test_a_million_doubles_are_eight_million_bytes(server: ThreadServer) -> None:
    data = np.arange(MANY, dtype=np.float64)
    with (
        Relay(server.address) as relay,
        shared_state.connect(
            relay.address, authkey=server.settings.authkey, same_host=False
        ) as client,
    ):
        items = client.array("items", "d", MANY)
        relay.reset()
        items[:] = data
        assert 8 * MANY < relay.sent < 8.01 * MANY
        relay.reset()
        assert np.array_equal(items.read(out=np.empty(MANY)), data)
        assert 8 * MANY < relay.received < 8.01 * MANY
        relay.reset()
        items.add(slice(None), 1)
        assert relay.sent + relay.received < 1000
        assert items[-1] == MANY


def test_ranges_that_are_very_large_travel_in_portions(
    client: shared_state.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_state.objects.array.PORTION_BYTES", 24)
    plain = array("d", range(10))
    items = client.array("items", "d", 10)
    items[:] = plain
    assert items[:] == plain.tolist()
    assert items[::-1] == plain[::-1].tolist()
    items[8::-2] = items[::2]
    plain[8::-2] = plain[::2]
    assert list(items) == plain.tolist()


def test_a_slice_is_one_request_each_way(
    client: shared_state.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = client.array("items", "d", 10)
    assert items[:] == [0.0] * 10  # by now it knows type and length
    requests: list[str] = []
    callers = client.callers

    def noting(operation: Operation[..., Any]) -> Caller:
        requests.append(operation.wire)
        return callers[operation]

    monkeypatch.setattr(client, "callers", Made(noting))
    items[2:5] = [1, 2, 3]
    assert items[4:1:-1] == [3, 2, 1]
    items.add(slice(2, 5), 1)
    assert requests == ["array.set_packed", "array.get_packed", "array.add_to_each"]


@pytest.mark.parametrize(("code", "first"), [("i", [1, 2]), ("c", [b"a", b"b"]), ("u", ["a", "ñ"])])
def test_iteration_gives_items(client: shared_state.Client, code: str, first: list[Any]) -> None:
    assert list(client.array("items", code, first)) == first


# Its lock


def test_get_lock_is_the_lock_of_the_array(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    theirs = other.array("items", "i", 3)
    with theirs.get_lock():
        items = either.array("items", "i", 3)
        assert items.get_lock().acquire(timeout=SHORT_S) is False
        items.set(0, 5)
        assert theirs[0] == 5
        acquiring = threads.submit(items.get_lock().acquire, True, LONG_S)
        until(lambda: waiting(other, "items") == 1)
    assert acquiring.result() is True
    assert theirs.locked()


def test_it_is_held_inside_a_with_block(client: shared_state.Client) -> None:
    items = client.array("items", "i", 3)
    with items, items.get_lock():
        assert items.locked()
    assert not items.locked()
