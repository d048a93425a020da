"""Large payloads: read as any other, whatever is around the blob, however they arrive."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ormsgpack import packb

from shared_state_protocol.errors import ProtocolError
from shared_state_protocol.limits import MAX_NODES
from shared_state_protocol.split import Split
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import HEADER_BYTES
from shared_state_protocol.wire.large import (
    LARGE_BYTES,
    LargePayload,
    Scattered,
    joined,
    read_large,
)

from .cuts import cut, cuts

BLOB = bytes(range(256)) * (LARGE_BYTES // 256 + 256)
"""Makes every payload a large one."""

ALIGNMENT_BYTES = 16
"""No C type of an array wants more."""

small_parts = st.one_of(
    st.none(),
    st.integers(0, (1 << 64) - 1),
    st.floats(allow_nan=False),
    st.text(max_size=40),
    st.binary(max_size=300),
    st.just([]),
    st.just({}),
)
deep_parts = st.one_of(small_parts, st.just([1, [2]]), st.just({"k": 1}))


def received(payload: bytes, first: int, places: list[int]) -> LargePayload:
    """Receive `payload`: `first` bytes of it at the start, and the rest in pieces."""
    large = LargePayload(payload[:first], len(payload))
    for piece in cut(payload[first:], places):
        done = 0
        while done < len(piece):
            size = min(len(piece) - done, len(large.rest))
            large.rest[:size] = piece[done : done + size]
            large.received(size)
            done += size
    return large


@given(
    st.lists(small_parts, max_size=7),
    st.lists(deep_parts, max_size=7),
    cuts,
    st.integers(0, 2 * LARGE_BYTES),
)
def test_it_is_received_in_any_pieces(
    before: list[Any], behind: list[Any], places: list[int], first: int
) -> None:
    message = [*before, BLOB, *behind]
    payload = packb(message)

    large = received(payload, first, places)

    assert len(large.rest) == 0
    assert large.so_far() == payload
    found = messages.read(large.payload())
    assert found == message
    assert type(found[len(before)]) is bytes


@given(st.integers(0, LARGE_BYTES), st.integers(0, LARGE_BYTES))
def test_what_has_arrived_of_it_can_be_had_back(first: int, more: int) -> None:
    payload = packb([7, "dict.set", BLOB, "behind"])

    large = LargePayload(payload[:first], len(payload))
    size = min(more, len(large.rest))
    large.rest[:size] = payload[first : first + size]
    large.received(size)

    assert large.so_far() == payload[: first + size]


@pytest.mark.parametrize(
    "message",
    [[1, [BLOB]], [1, {"k": BLOB}], [*range(20), BLOB], [1, "x" * len(BLOB)], {"k": BLOB}, 1, []],
)
def test_what_has_no_blob_among_its_parts_is_read_as_it_is(message: Any) -> None:
    payload = packb(message)

    assert read_large(payload) == message
    assert received(payload, 100, []).payload() == payload


def test_the_blob_is_not_copied_once_it_has_arrived() -> None:
    payload = packb([7, "dict.set", BLOB])
    large = received(payload, 100, [])

    tracemalloc.start()
    message = messages.read(large.payload())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert message[2] == BLOB
    assert peak < len(BLOB) / 10


@pytest.mark.parametrize("name", ["", "d", "x" * 200])
def test_the_blob_can_be_used_as_an_array_where_it_is(name: str) -> None:
    import numpy as np

    arguments = 0, 8192, 1, Split(b"", BLOB)
    frame = messages.request_with_split(1, 0, "array.set_packed", name, arguments)
    assert isinstance(frame, Scattered)
    large = received(joined(frame)[HEADER_BYTES:], 1000, [])
    assert np.frombuffer(messages.read(large.payload())[-1]).ctypes.data % ALIGNMENT_BYTES == 0


@given(
    st.lists(small_parts, max_size=3),
    st.binary(max_size=9),
    st.sampled_from([BLOB, memoryview(BLOB)]),
    st.lists(deep_parts, max_size=3),
)
def test_parts_are_the_frame_of_the_whole(
    before: list[Any], head: bytes, body: Any, behind: list[Any]
) -> None:
    whole = messages.request(7, 6, "queue.put", "jobs", (*before, head + body, *behind))
    frame = messages.request_with_split(
        7, 6, "queue.put", "jobs", (*before, Split(head, body), *behind)
    )
    assert isinstance(frame, Scattered)
    assert joined(frame) == whole
    assert len(frame) == len(whole)
    assert any(part is body for part in frame.parts)


def test_an_answer_in_parts_is_the_one_of_the_whole() -> None:
    frame = messages.answer(7, BLOB)
    assert isinstance(frame, Scattered)
    assert joined(frame)[HEADER_BYTES:] == packb([7, BLOB])
    assert frame.parts[1] is BLOB


def test_what_is_split_inside_of_an_argument_is_joined() -> None:
    split = Split(BLOB[:7], BLOB[7:])
    for arguments, whole in ((([split, 1],), ([BLOB, 1],)), ((split, split), (BLOB, BLOB))):
        frame = messages.request_with_split(1, 0, "list.extend", "l", arguments)
        assert joined(frame) == messages.request(1, 0, "list.extend", "l", whole)


def test_what_can_be_no_part_of_a_message_is_refused() -> None:
    with pytest.raises(TypeError):
        messages.request_with_split(1, 0, "list.append", "l", (object(),))


@given(st.lists(deep_parts, max_size=4), st.data())
def test_a_truncated_message_is_refused(behind: list[Any], data: st.DataObject) -> None:
    payload = packb([1, BLOB, *behind])
    end = data.draw(st.integers(LARGE_BYTES + 1, len(payload) - 1))
    for cut_off in (payload[:end], received(payload[:end], 100, []).payload()):
        with pytest.raises(ProtocolError):
            messages.read(cut_off)


def test_values_around_the_blob_are_counted() -> None:
    for message in ([1, BLOB, [0] * MAX_NODES], [[0] * MAX_NODES, BLOB]):
        payload = packb(message)
        for whole in (payload, received(payload, 100, []).payload()):
            with pytest.raises(ProtocolError, match="MAX_NODES"):
                messages.read(whole)
