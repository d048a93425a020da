"""Type codes: C's ranges and rounding, the same packed bytes on every machine."""

from __future__ import annotations

import ctypes
import struct
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol.typecodes import (
    CODES,
    check_code,
    check_items,
    item_bytes,
    pack,
    to_array,
    to_item,
    unpack,
)

BYTES = (
    dict.fromkeys("bBc", 1)
    | dict.fromkeys("hH", 2)
    | dict.fromkeys("uiIf", 4)
    | dict.fromkeys("lLqQd", 8)
)

INTEGERS = "bBhHiIlLqQ"

STRUCT = {"l": "q", "L": "Q"}
"""`struct` has standard sizes, in which a long is 4 bytes."""


def bounds(code: str) -> tuple[int, int]:
    """Return the least and the greatest number of an integer type."""
    bits = 8 * BYTES[code]
    return (0, 2**bits - 1) if code.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def items(code: str) -> st.SearchStrategy[Any]:
    """Everything that a type can have."""
    if code == "c":
        return st.binary(min_size=1, max_size=1)
    if code == "u":
        return st.characters(exclude_categories=["Cs"])
    if code in "fd":
        return st.floats(width=32 if code == "f" else 64, allow_nan=False)
    return st.integers(*bounds(code))


def test_the_table_is_complete() -> None:
    assert sorted(CODES) == sorted(BYTES)
    assert {code: item_bytes(code) for code in CODES} == BYTES


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
def test_what_is_packed_comes_back(code: str, data: st.DataObject) -> None:
    given_items = data.draw(st.lists(items(code)))
    packed = pack(code, given_items)
    assert len(packed) == len(given_items) * item_bytes(code)
    assert [to_item(code, each) for each in to_array(code, packed)] == given_items
    joins: dict[str, Callable[[list[Any]], Any]] = {"c": b"".join, "u": "".join}
    assert unpack(code, packed) == joins.get(code, list)(given_items)


@pytest.mark.parametrize("code", [code for code in CODES if code not in "cu"])
@given(data=st.data())
def test_the_packed_form_is_that_of_c_in_little_endian(code: str, data: st.DataObject) -> None:
    item = data.draw(items(code))
    assert pack(code, [item]) == struct.pack(f"<{STRUCT.get(code, code)}", item)


@pytest.mark.parametrize("code", INTEGERS)
def test_a_number_beyond_the_range_is_an_overflow_and_not_wrapped(code: str) -> None:
    for bound, beyond in zip(bounds(code), (-1, 1), strict=True):
        assert unpack(code, pack(code, [bound])) == [bound]
        with pytest.raises(OverflowError):
            pack(code, [bound + beyond])


@given(st.floats())
def test_a_float_is_rounded_as_c_does(number: float) -> None:
    assert pack("f", [number]) == bytes(ctypes.c_float(number))


@pytest.mark.parametrize(
    ("code", "item"),
    [
        *(("i", 1.5), ("i", "1"), ("i", None), ("B", b"a"), ("d", "1"), ("d", None)),
        *(("c", b""), ("c", b"ab"), ("c", "a"), ("u", ""), ("u", "ab"), ("u", b"a"), ("u", 97)),
    ],
)
def test_an_item_of_another_type_is_refused(code: str, item: Any) -> None:
    with pytest.raises(TypeError):
        pack(code, [item])


@pytest.mark.parametrize("number", [0xD800, 0xDFFF, 0x110000, 0xFFFFFFFF])
def test_what_no_text_can_have_is_no_character(number: int) -> None:
    with pytest.raises(ValueError, match=f"U\\+{number:04X} is no character"):
        check_items("u", b"a\0\0\0" + number.to_bytes(4, "little"))
    check_items("I", number.to_bytes(4, "little"))


@pytest.mark.parametrize("number", [0xD800, 0xDFFF])
def test_a_surrogate_is_not_packed(number: int) -> None:
    with pytest.raises(ValueError, match="surrogate"):
        pack("u", ["a", chr(number)])


def test_every_character_is_one() -> None:
    characters = [chr(number) for number in (0, 0xD7FF, 0xE000, 0xFEFF, 0x10FFFF)]
    packed = pack("u", characters)
    check_items("u", packed)
    check_items("u", memoryview(packed))
    assert unpack("u", packed) == "".join(characters)


@pytest.mark.parametrize("code", ["", "x", "ii", "int", "?", "B "])
def test_a_code_that_does_not_exist_is_refused_with_the_table(code: str) -> None:
    with pytest.raises(TypeError, match="there are b B c u h H i I l L q Q f d"):
        check_code(code)


@pytest.mark.parametrize("code", CODES)
def test_a_code_of_the_table_is_let_in(code: str) -> None:
    check_code(code)


@pytest.mark.parametrize(
    "buffer",
    [
        np.arange(5, dtype=np.float64),
        np.arange(0, 5, 0.5)[::2],
        np.arange(5, dtype=np.float32),
        np.arange(5, dtype=np.int64),
        np.arange(5, dtype=">f8"),
        array("d", range(5)),
        array("l", range(5)),
        memoryview(array("d", range(5))),
        range(5),
        (float(each) for each in range(5)),
    ],
    ids=lambda buffer: f"{type(buffer).__name__} {getattr(buffer, 'dtype', '')}",
)
def test_buffers_and_iterables_are_packed_by_their_numbers(buffer: Any) -> None:
    assert pack("d", buffer) == struct.pack("<5d", *range(5))


@pytest.mark.parametrize("code", "lLqQ")
@pytest.mark.parametrize("kind", "lLqQ")
def test_a_long_is_a_long_long_but_a_sign_is_a_sign(code: str, kind: str) -> None:
    assert pack(code, array(kind, [1, 2])) == struct.pack("<2q", 1, 2)
    top = array(kind, [-1 if kind.islower() else 2**64 - 1])
    if code.islower() == kind.islower():
        assert unpack(code, pack(code, top)) == list(top)
    else:
        with pytest.raises(OverflowError):
            pack(code, top)
