"""Unpacking: a header is not believed, whichever ormsgpack there is."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ormsgpack import Ext, packb

from shared_state_protocol import unpacking
from shared_state_protocol.unpacking import unpack, unpack_unbelieving

each_reader = pytest.mark.parametrize(
    "read", [unpack, unpack_unbelieving], ids=["unpack", "unbelieving"]
)


@each_reader
@pytest.mark.parametrize(
    "payload",
    [
        b"\xdd\xff\xff\xff\xff\xc0",
        b"\xdd\x80\x00\x00\x00",
        b"\x92\x01\xdd\x00\xff\xff\xff\x01",
        b"\xdc\xff\xff\x01" * 50,
        b"\x81\xa1k\xdd\xff\xff\xff\xff",
        b"\x91\xc7\x06\x05\xdd\xff\xff\xff\xff\x01",
        b"\xdc\x00\x02\x01\xa5abc",
        b"",
    ],
)
def test_a_header_is_not_believed(read: Any, payload: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"\w"):
        read(payload, ext_hook=lambda tag, data: read(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


@each_reader
@given(st.lists(st.integers() | st.floats(allow_nan=False) | st.binary(), max_size=40))
def test_a_value_is_read(read: Any, value: list[Any]) -> None:
    small = [item % 1000 if isinstance(item, int) else item for item in value] * 3
    payload = packb([small, Ext(5, packb(small))])
    assert read(payload, ext_hook=lambda tag, data: (tag, read(data))) == [small, (5, small)]
    assert read(payload + b"rest", ext_hook=lambda tag, data: (tag, read(data)))[0] == small


@pytest.mark.parametrize(
    ("version", "believes"),
    [("1.9.1", True), ("1.12.2", True), ("1.13.0", False), ("1.20.0rc1", False), ("2.0.0", False)],
)
def test_the_versions_that_believe(version: str, believes: bool) -> None:
    assert unpacking._believes(version) is believes
