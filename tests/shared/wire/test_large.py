"""Large payloads: read as any other, whatever is around the blob, however they arrive."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ormsgpack import packb

from shared_state_protocol.errors import ProtocolError
from shared_state_protocol.limits import MAX_NODES
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import HEADER_BYTES
from shared_state_protocol.wire.large import (
    ALIGNMENT_BYTES,
    LARGE_BYTES,
    LargePayload,
    owned,
    read_large,
    with_blob,
)

from .cuts import cut, cuts

BLOB = bytes(range(256)) * 256
"""Large enough for msgpack to give its length four bytes."""

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


@given(st.lists(small_parts, max_size=7), st.lists(deep_parts, max_size=7))
def test_the_blob_is_a_view_wherever_it_stands(before: list[Any], behind: list[Any]) -> None:
    message = [*before, BLOB, *behind]
    payload = packb(message)
    found = read_large(payload)
    assert found == message
    assert found[len(before)].obj is payload
    assert owned(found) == message
    assert type(owned(found)[len(before)]) is bytes


@pytest.mark.parametrize(
    "message",
    [[1, [BLOB]], [1, {"k": BLOB}], [*range(20), BLOB], [1, "x" * len(BLOB)], {"k": BLOB}, 1, []],
)
def test_what_has_no_blob_among_its_parts_is_read_as_it_is(message: Any) -> None:
    assert read_large(packb(message)) == message
    assert owned(read_large(packb(message))) == message


@given(st.lists(small_parts, max_size=7), cuts, st.integers(0, 1000))
def test_it_is_received_in_any_pieces(before: list[Any], places: list[int], first: int) -> None:
    payload = packb([*before, BLOB])
    large = LargePayload(payload[:first], len(payload))
    for piece in cut(payload[first:], places):
        large.rest[: len(piece)] = piece
        large.received(len(piece))
    assert len(large.rest) == 0
    assert large.payload == payload
    assert messages.read(large.payload) == [*before, BLOB]


@pytest.mark.parametrize("name", ["", "d", "x" * 200])
def test_the_blob_can_be_used_as_an_array_where_it_is(name: str) -> None:
    import numpy as np

    head, blob = messages.large_request(1, 0, "array.set_packed", name, (0, 8192, 1, BLOB))
    payload = head[HEADER_BYTES:] + bytes(blob)
    large = LargePayload(payload[: LARGE_BYTES // 4], len(payload))
    assert np.asarray(read_large(large.payload)[-1]).ctypes.data % ALIGNMENT_BYTES == 0


@given(st.lists(small_parts, min_size=1, max_size=4), st.sampled_from([BLOB, memoryview(BLOB)]))
def test_two_parts_are_the_frame_of_the_whole(arguments: list[Any], blob: Any) -> None:
    whole = messages.request(7, 6, "array.set_packed", "items", (*arguments, BLOB))
    parts = messages.large_request(7, 6, "array.set_packed", "items", (*arguments, blob))
    assert b"".join(parts) == whole
    assert parts[1] is blob
    assert b"".join(messages.large_answer(7, BLOB)) == messages.answer(7, BLOB)


def test_a_message_without_room_for_a_blob_is_refused() -> None:
    with pytest.raises(AssertionError):
        with_blob(packb([1, 2]), BLOB)


def test_a_large_message_of_a_view_has_a_view_and_one_of_bytes_has_bytes() -> None:
    payload = packb([1, BLOB * 8])
    assert len(payload) > LARGE_BYTES
    assert type(messages.read(payload)[1]) is bytes
    assert type(messages.read(memoryview(payload))[1]) is memoryview


@given(st.lists(deep_parts, max_size=4), st.data())
def test_a_truncated_message_is_refused(behind: list[Any], data: st.DataObject) -> None:
    payload = packb([1, BLOB * 8, *behind])
    end = data.draw(st.integers(LARGE_BYTES + 1, len(payload) - 1))
    for cut_off in (payload[:end], memoryview(payload)[:end]):
        with pytest.raises(ProtocolError):
            messages.read(cut_off)


def test_values_around_the_blob_are_counted() -> None:
    for message in ([1, BLOB * 8, [0] * MAX_NODES], [[0] * MAX_NODES, BLOB * 8]):
        with pytest.raises(ProtocolError, match="MAX_NODES"):
            messages.read(packb(message))
