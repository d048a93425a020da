"""Messages: their bytes, and what is no message."""

from __future__ import annotations

import tracemalloc
from typing import Any

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol.errors import LimitExceeded, ProtocolError
from shared_state_protocol.limits import MAX_NODES
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import HEADER_BYTES

MIB = 1 << 20
ARRAY_OF = b"\xdd"
"""A msgpack array whose number of items follows in four bytes."""

numbers = st.integers(0, (1 << 63) - 1)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
parts = st.recursive(
    st.none()
    | st.booleans()
    | numbers
    | names
    | st.binary(max_size=20)
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=10,
)


def payload_of(frame: bytes) -> bytes:
    assert int.from_bytes(frame[:HEADER_BYTES], "little") == len(frame) - HEADER_BYTES
    return frame[HEADER_BYTES:]


@given(numbers, numbers, names, names, st.lists(parts, max_size=4))
def test_a_request_is_read_as_it_was_written(
    number: int, acknowledged: int, wire: str, name: str, arguments: list[Any]
) -> None:
    frame = messages.request(number, acknowledged, wire, name, tuple(arguments))
    assert messages.read(payload_of(frame)) == [number, acknowledged, wire, name, *arguments]
    assert messages.REQUEST_PARTS == 4


def answer(number: int, result: Any) -> bytes:
    """Return the frame of an answer, which is a short one."""
    frame = messages.answer(number, result)
    assert isinstance(frame, bytes)
    return frame


@given(numbers, parts)
def test_an_answer_is_read_as_it_was_written(number: int, result: Any) -> None:
    message = messages.read(payload_of(answer(number, result)))
    assert message == [number, result]
    assert len(message) == messages.ANSWER_PARTS


@given(numbers, names, st.lists(parts, max_size=4))
def test_a_failure_is_read_as_it_was_written(number: int, error: str, arguments: list[Any]) -> None:
    message = messages.read(payload_of(messages.failure(number, error, arguments)))
    assert message == [number, None, error, arguments]
    assert len(message) == messages.FAILURE_PARTS


def test_an_answer_of_nothing_is_no_failure() -> None:
    assert len(messages.read(payload_of(answer(1, None)))) == messages.ANSWER_PARTS


@pytest.mark.parametrize("kind", [messages.CONFIRM, messages.CANCEL, messages.GOODBYE])
def test_a_notice_is_a_request_with_the_number_that_no_request_has(kind: str) -> None:
    assert messages.read(payload_of(messages.notice(kind, 7))) == [0, 0, kind, "", 7]
    assert messages.read(payload_of(messages.notice(kind))) == [0, 0, kind, "", 0]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        ormsgpack.packb(1),
        ormsgpack.packb("text"),
        ormsgpack.packb(None),
        ormsgpack.packb({"number": 1}),
        b"\x92\x01",  # one of two items
        b"\x91\xc1",  # a byte that msgpack never uses
        b"\x91\xd4\x01\x00",  # an extension
        b"\x91\xa1\xff",  # text that is no UTF-8
        b"\x91\x81\x01\x02",  # a map whose key is no text
        b"\x91" * 5000 + b"\x01",  # nested deeper than anything is read
        ARRAY_OF + b"\xff\xff\xff\xff",
    ],
)
def test_what_is_no_message_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        messages.read(payload)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_message_or_refused(payload: bytes) -> None:
    try:
        message = messages.read(payload)
    except ProtocolError:
        return
    assert type(message) is list


@given(st.lists(parts, max_size=4), st.data())
def test_a_message_that_was_cut_short_is_refused(arguments: list[Any], data: st.DataObject) -> None:
    payload = payload_of(messages.request(1, 0, "dict.set", "config", tuple(arguments)))
    with pytest.raises(ProtocolError):
        messages.read(payload[: data.draw(st.integers(0, len(payload) - 1))])


def array_of_nothing(items: int) -> bytes:
    """Return an array of so many empty arrays, each of which is one byte here and 64 in memory."""
    return ARRAY_OF + items.to_bytes(4, "big") + b"\x90" * items


@pytest.mark.parametrize(
    "payload",
    [
        array_of_nothing(8 * MIB),
        b"\x91" * (2 * MIB) + b"\x01",
        b"\x94\x01\x00\xa1a\xa1b" + array_of_nothing(2 * MIB),
    ],
    ids=["many", "deep", "behind the first array"],
)
def test_a_message_over_a_limit_is_refused_before_anything_is_made_of_it(payload: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError):
            messages.read(payload)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(payload)  # a copy to count in; what it asks for would be 64 times that


def test_one_large_value_is_no_reason_to_refuse() -> None:
    value = bytes(4 * MIB)
    frame = messages.request(1, 0, "dict.set", "config", (b"\xa1k", value))
    assert messages.read(payload_of(frame))[-1] == value


def test_a_request_that_nobody_would_read_is_not_written() -> None:
    with pytest.raises(LimitExceeded, match="MAX_NODES"):
        messages.request(1, 0, "list.extend", "log", ([b"\x01"] * MAX_NODES,))
