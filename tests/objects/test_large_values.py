"""Values around the size from which on they travel another way: equal, of their type, their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shared_state
from shared_state import LimitExceeded
from shared_state_protocol.wire.arena import ROOM_BYTES
from shared_state_protocol.wire.large import LARGE_BYTES

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer

KINDS: dict[str, Callable[[int], Any]] = {
    "bytes": lambda size: bytes(range(256)) * (size // 256) + bytes(size % 256),
    "bytearray": lambda size: bytearray(b"\xc6" * size),
    "text": lambda size: "x" * size,
    "text of two bytes": lambda size: "é" * (size // 2) + "x" * (size % 2),
    "text with half of a pair": lambda size: "\ud800" + "x" * (size - 1),
    "list": lambda size: [bytes(size // 2), "x" * (size // 2), 1],
    "dict": lambda size: {"k": bytes(size), "l": None},
    "many small ones": lambda size: list(range(size // 3)),
    "array": lambda size: np.arange(size, dtype=np.uint8),
    "bytes like an encoded value": lambda size: b"\xc6" + size.to_bytes(4, "big") + bytes(size),
}

SIZES = [
    *range(LARGE_BYTES - 40, LARGE_BYTES + 40, 16),
    LARGE_BYTES,
    LARGE_BYTES + 1,
    1_000_000,
]
HUGE = [ROOM_BYTES - 40, ROOM_BYTES, ROOM_BYTES + 1]


def same(found: Any, value: Any) -> bool:
    """Return whether two values are equal and of one type."""
    return type(found) is type(value) and bool(np.all(np.asarray(found == value)))


@pytest.mark.parametrize("kind", KINDS)
def test_it_comes_back_as_it_was_stored(either: Either, kind: str) -> None:
    shared = either.dict("d")
    for size in SIZES:
        value = KINDS[kind](size)
        shared.set("k", value)
        assert same(shared.get("k"), value), size
        assert same(shared.pop("k"), value), size


@pytest.mark.parametrize("size", HUGE)
def test_it_may_be_larger_than_what_is_shared(either: Either, size: int) -> None:
    shared = either.dict("d")
    value = KINDS["bytes"](size)
    for _ in range(2):
        shared.set("k", value)
        assert shared.get("k") == value


def test_it_may_be_an_argument_and_a_result_of_anything(either: Either) -> None:
    value, other = bytes(LARGE_BYTES * 2), b"x" * LARGE_BYTES * 2
    for _ in range(2):
        jobs, items = either.queue("q"), either.list("l")
        jobs.put(value)
        jobs.put(other)
        assert [jobs.get(timeout=0), jobs.get_nowait()] == [value, other]
        items.extend([value, other, value])
        assert items.pop(1) == other
        assert items.count(value) == 2
        items.clear()
        shared = either.dict("d")
        assert shared.setdefault("k", value) == value
        assert shared.compare_and_set("k", value, other)
        assert not shared.compare_and_set("k", value, other)
        assert shared.get("none", value) == value
        shared.update({"k": value, "l": other})
        assert sorted(shared.values()) == [value, other]
        shared.clear()


def test_what_looks_like_an_encoded_value_and_is_none_comes_back_as_it_was(
    either: Either,
) -> None:
    data = KINDS["bytes like an encoded value"](1_000_000 - 5)
    near, far = either.pipe("p")
    with near, far:
        for _ in range(2):
            near.send_bytes(data)
            assert far.recv_bytes() == data
    items = either.array("a", "B", len(data))
    for _ in range(2):
        items.write(data)
        assert bytes(items.read()) == data


def test_what_is_changed_after_the_call_is_not_part_of_it(client: shared_state.Client) -> None:
    jobs, value = client.queue("q"), bytearray(LARGE_BYTES * 2)
    with client.batch():
        jobs.put(value)
        value[:5] = b"other"
    jobs.put(value)
    value[:5] = b"third"
    assert [bytes(jobs.get()[:5]) for _ in range(2)] == [bytes(5), b"other"]


def test_one_that_is_too_large_for_the_server_is_refused(either: Either) -> None:
    with pytest.raises(LimitExceeded, match="over this server's limit"):
        either.dict("d").set("k", bytes(65 << 20))
    assert either.dict("d").size() == 0


async def test_many_replies_at_one_time_are_each_their_own(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as client:
        shared = client.dict("d")
        values = {f"k{i}": bytes([i]) * (LARGE_BYTES + 1000 * i) for i in range(32)}
        for _ in range(3):
            await asyncio.gather(*(shared.set(key, value) for key, value in values.items()))
            found = await asyncio.gather(*(shared.get(key) for key in values))
            assert found == list(values.values())


async def test_one_that_waits_does_not_keep_others_from_being_shared(
    server: ThreadServer,
) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as client:
        jobs, shared = client.queue("q", 1), client.dict("d")
        parked = asyncio.ensure_future(client.queue("r").get())
        value = bytes(LARGE_BYTES * 2)
        await jobs.put(value)
        putting = asyncio.ensure_future(jobs.put(value[1:]))
        for _ in range(5):
            await shared.set("k", value)
            assert await shared.get("k") == value
        assert [await jobs.get(), await jobs.get()] == [value, value[1:]]
        await putting
        await client.queue("r").put(1)
        assert await parked == 1
