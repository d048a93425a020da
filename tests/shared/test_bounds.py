"""The bounds: the walk over a payload agrees with reading it, and counts before allocating."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ormsgpack import Ext, packb

from shared_state_protocol.bounds import SIZES, check
from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import DecodingError
from shared_state_protocol.limits import MAX_DEPTH, MAX_NODES
from tests.shared.values import registry, values

codec = Codec(registry=registry)


def walk(payload: bytes) -> None:
    """Check a payload that would pass by arithmetic alone, together with one that does not."""
    check(b"\x92" + packb([[]] * (MAX_DEPTH + 1)) + payload)


@given(values)
def test_the_walk_ends_where_a_value_ends(value: Any) -> None:
    payload = codec.encode(value)
    walk(payload)
    with pytest.raises(DecodingError, match="too late"):
        walk(payload + b"\x00")


@given(values, st.data())
def test_the_walk_does_not_end_in_a_truncated_value(value: Any, data: st.DataObject) -> None:
    payload = codec.encode(value)
    with pytest.raises(DecodingError, match="not a value"):
        walk(payload[: data.draw(st.integers(0, len(payload) - 1))])


@pytest.mark.parametrize("run", [[1.5] * 100, [None] * 100, ["text"] * 100, list(range(-50, 50))])
def test_runs_are_stepped_over(run: list[Any]) -> None:
    for value in (run, [run, run], {"k": run, "l": 1}, [*run, "end"], [run[:15], run[:16]]):
        payload = packb(value)
        walk(payload)
        with pytest.raises(DecodingError, match="not a value"):
            walk(payload[:-1])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        b"\xdd\x00\x0f\x00\x00",  # many values, and none of them there
        b"\xd9\xff" + b"x" * 254,
        b"\xc6\xff\xff\xff\xff",
        b"\xc7\x03\x04\x92\x01\x02\x03",  # an extension that is too short for its body
        b"\xc7\x04\x04\x92\x01\x02\x03",  # one that is too long
        b"\xc7\x00\x04",
        b"\xd6\x04\xd5\x04\x90\x90",  # one directly inside another
        b"\x90\x00",
        b"\x00\x90",
    ],
)
def test_what_is_no_value_is_refused(payload: bytes) -> None:
    with pytest.raises(DecodingError, match="not a value"):
        walk(payload)


def test_the_depth_is_exact() -> None:
    check(b"\x91" * MAX_DEPTH + b"\x01")
    check(b"\x81\x01" * (MAX_DEPTH - 1) + b"\x80")
    with pytest.raises(DecodingError, match="MAX_DEPTH"):
        check(b"\x91" * MAX_DEPTH + b"\x90")


def test_an_extension_and_its_body_are_one_level() -> None:
    payload = packb(0)
    for _ in range(MAX_DEPTH):
        payload = packb(Ext(4, b"\x91" + payload))
    check(payload)
    with pytest.raises(DecodingError, match="MAX_DEPTH"):
        check(packb([0, Ext(4, b"\x91" + payload)]))


def test_what_is_beside_is_not_deep() -> None:
    check(packb([[[]] * 50] * 500))


@pytest.mark.parametrize(
    "header", [b"\xdd\x00\x0f\x42\x40", b"\xdf\x00\x07\xa1\x20", b"\xdd\xff\xff\xff\xff"]
)
def test_a_header_that_promises_too_much_is_refused_at_once(header: bytes) -> None:
    with pytest.raises(DecodingError, match="MAX_NODES"):
        check(header + b"\x90" * MAX_NODES)


def test_refusing_takes_no_memory() -> None:
    payload = b"\xdd\x00\x7f\xff\xff" + b"\x90" * 0x7FFFFF
    tracemalloc.start()
    with pytest.raises(DecodingError, match="MAX_NODES"):
        codec.decode(payload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * len(payload)


@given(st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.booleans() | st.text(max_size=7))
def test_the_sizes_are_those_of_numbers_and_short_texts(value: Any) -> None:
    payload = packb(value)
    assert SIZES[payload[0]] == len(payload)
