"""Arrays and scalars of numpy: nothing is lost, and nothing is believed."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from ormsgpack import Ext, packb

from shared_state_protocol.codec import Codec, equal
from shared_state_protocol.errors import DecodingError, EncodingError
from shared_state_protocol.extensions import ARRAY, SCALAR
from shared_state_protocol.keys import canonical, encode_key
from shared_state_protocol.limits import MAX_NODES
from shared_state_protocol.placeholders import Opaque

codec = Codec()
server = Codec(unknown="keep")


def same(left: Any, right: Any) -> bool:
    return (
        type(left) is type(right)
        and left.dtype == right.dtype
        and left.shape == right.shape
        and left.tobytes("A") == right.tobytes("A")
        and left.flags.f_contiguous == right.flags.f_contiguous
    )


dtypes = st_numpy.scalar_dtypes() | st_numpy.nested_dtypes(max_itemsize=200)
arrays = dtypes.flatmap(
    lambda dtype: st_numpy.arrays(dtype, st_numpy.array_shapes(min_dims=0, min_side=0, max_side=4))
)


@given(arrays, st.booleans())
def test_an_array_comes_back(array: Any, transposed: bool) -> None:
    value = array.T if transposed else array
    assert same(codec.decode(codec.encode(value)), value)


@given(st_numpy.arrays(st_numpy.scalar_dtypes(), 1).map(lambda array: array[0]))
def test_a_scalar_comes_back(scalar: Any) -> None:
    assert same(codec.decode(codec.encode(scalar)), scalar)


@pytest.mark.parametrize(
    "value",
    [
        np.array(5),
        np.zeros((2, 0, 3)),
        np.zeros((3, 2), order="F"),
        np.arange(24).reshape(2, 3, 4)[:, ::2],
        np.zeros(3, np.dtype([("a", "<i4"), ("b", ">f8", (2,))], align=True)),
        np.zeros(3, np.dtype({"names": ["x"], "formats": ["i2"], "offsets": [4], "itemsize": 9})),
        np.array(["a\0b", "ü"]),
        np.array([b"a"]),
        np.array(["2024-01-01", "NaT"], "M8[D]"),
        np.zeros(3, "V0"),
        np.float16(1),
        np.str_("end\0"),
        np.bytes_(b"end\0"),
        np.str_(""),
        np.void(b"raw"),
        np.zeros(1, [("a", "i4")])[0],
        np.datetime64("NaT", "s"),
        np.timedelta64(5, "25s"),
        np.complex64(1j),
        np.bool_(True),
    ],
    ids=repr,
)
def test_these_come_back_too(value: Any) -> None:
    back = codec.decode(codec.encode([value, {1: value}]))
    assert same(back[0], value)
    assert same(back[1][1], value)
    assert len(np.atleast_1d(back[0])) == len(np.atleast_1d(value))


def test_the_zeros_at_the_end_of_a_text_come_back() -> None:
    text = codec.decode(codec.encode(np.str_("end\0")))
    assert len(text) == len("end\0")


def test_an_array_can_be_written_to() -> None:
    array = codec.decode(codec.encode(np.zeros(3)))
    array[0] = 1
    assert array.tolist() == [1, 0, 0]


Mine: Any = type("Mine", (np.ndarray,), {})
Float: Any = type("Float", (np.float64,), {})


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.zeros(2, [("a", "O")]),
        np.zeros(2, np.dtype((np.record, [("a", "i4")]))),
        np.ma.masked_array([1], [True]),
        np.zeros(2).view(Mine),
        Float(1),
        np.dtype("i4"),
    ],
    ids=repr,
)
def test_what_is_more_than_its_bytes_is_refused(value: Any) -> None:
    with pytest.raises(EncodingError):
        codec.encode(value)


def crafted(*body: Any, tag: int = ARRAY) -> bytes:
    return packb(Ext(tag, packb(list(body))))


RECORD = {
    "names": ["a"],
    "formats": ["<i4"],
    "offsets": [0],
    "titles": [None],
    "itemsize": 4,
    "aligned": False,
}

CRAFTED = {
    "too few bytes": crafted("<f8", [2], "C", b"1234567"),
    "too many bytes": crafted("<f8", [0], "C", b"1234567"),
    "a negative shape": crafted("<f8", [-1, -1], "C", b"12345678"),
    "an overflowing shape": crafted("<f8", [1 << 32, 1 << 32, 0], "C", b""),
    "more dimensions than there are": crafted("<f8", [1] * 65, "C", b"12345678"),
    "half a row": crafted("<f8", [0.5, 2], "C", b"12345678"),
    "huge and empty": crafted("|V0", [1 << 40], "C", b""),
    "huge and empty items": crafted("|S2147483647", [1 << 40, 0], "C", b""),
    "no order": crafted("|u1", [1], "A", b"1"),
    "objects": crafted("|O", [1], "C", b"12345678"),
    "objects in a record": crafted({**RECORD, "formats": ["|O"]}, [1], "C", b"12345678"),
    "many fields in one text": crafted("i4," * 1000, [1], "C", b""),
    "a number": crafted(5, [1], "C", b"1"),
    "no such size": crafted("<f3", [1], "C", b"123"),
    "an unending text": crafted("<U9999999999", [0], "C", b""),
    "a record of too little": crafted({"names": ["a"]}, [1], "C", b"1234"),
    "a record that overlaps nothing": crafted({**RECORD, "offsets": [-4]}, [1], "C", b"1234"),
    "a record that is too short": crafted({**RECORD, "itemsize": 1}, [1], "C", b"1"),
    "a sub-array of everything": crafted(
        {"base": "<f8", "shape": [1 << 30, 1 << 30]}, [0], "C", b""
    ),
    "a sub-array of nothing": crafted({"base": None, "shape": []}, [0], "C", b""),
    "no bytes": crafted("|u1", [3], "C", [1, 2, "x"]),
    "nothing": crafted(),
    "a scalar of little": crafted("<f8", b"1", tag=SCALAR),
    "a scalar of more": crafted("<f8", b"1" * 16, tag=SCALAR),
    "a scalar of text": crafted("<f8", "12345678", tag=SCALAR),
    "a map for a scalar": packb(Ext(SCALAR, packb({"<f8": 1, "b": 2}))),
}


@pytest.mark.parametrize("payload", CRAFTED.values(), ids=CRAFTED)
def test_crafted_arrays_are_refused_without_taking_memory(payload: bytes) -> None:
    tracemalloc.start()
    for each in (codec, server):
        with pytest.raises(DecodingError):
            each.decode(payload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000


def test_items_of_no_size_are_limited() -> None:
    assert len(codec.decode(crafted("|V0", [MAX_NODES], "C", b""))) == MAX_NODES
    with pytest.raises(DecodingError, match="MAX_NODES"):
        codec.decode(crafted("|V0", [MAX_NODES + 1], "C", b""))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (np.arange(3), np.arange(3.0), True),
        (np.zeros((2, 3)), np.zeros((2, 3), order="F"), True),
        (np.arange(3), np.arange(4), False),
        (np.arange(3), [0, 1, 2], False),
        (np.zeros(1), 0, False),
        (np.int64(1), 1, True),
        (np.float32(0.5), 0.5, True),
        (np.array(["a"]), np.array([1]), False),
        ([np.arange(3)], [np.arange(3.0)], False),  # which numpy refuses to say
    ],
)
def test_arrays_are_equal_by_shape_and_items(left: Any, right: Any, expected: bool) -> None:
    a, b = codec.encode(left), codec.encode(right)
    assert equal(a, b, server) is equal(b, a, server) is expected


@pytest.mark.parametrize(
    ("scalar", "plain"),
    [
        (np.int64(1), 1),
        (np.uint8(255), 255),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.complex128(1j), 1j),
        (np.str_("k\0"), "k\0"),
        (np.bytes_(b"k\0"), b"k\0"),
    ],
    ids=repr,
)
def test_a_scalar_is_the_key_that_it_equals(scalar: Any, plain: Any) -> None:
    for key, expected in (
        (scalar, plain),
        ((scalar, (scalar,)), (plain, (plain,))),
        (frozenset({scalar}), frozenset({plain})),
    ):
        encoded = encode_key(key, codec)
        assert encoded == encode_key(expected, codec)
        assert type(codec.decode(encoded)) is type(expected)


@pytest.mark.parametrize(
    "key", [np.datetime64("2024-01-01"), np.timedelta64(1, "s"), np.longdouble(1), (np.void(b"x"),)]
)
def test_a_scalar_that_equals_nothing_plain_is_no_key(key: Any) -> None:
    with pytest.raises(TypeError, match=r"cannot be a key|unhashable"):
        encode_key(key, codec)


def test_an_array_is_no_key() -> None:
    with pytest.raises(TypeError, match=r"unhashable type: 'numpy\.ndarray'"):
        encode_key(np.zeros(1), codec)
    for value in (np.zeros(1), np.float64(1)):
        with pytest.raises(EncodingError, match="unhashable"):
            canonical(codec.encode(value))


def test_without_numpy_a_server_keeps_and_a_client_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    array, other = codec.encode(np.arange(3)), codec.encode(np.arange(3.0))
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(DecodingError, match="numpy, which is not installed"):
        codec.decode(array)
    kept = server.decode(array)
    assert isinstance(kept, Opaque)
    assert server.encode(kept) == array
    assert not equal(array, other, server)
    assert canonical(encode_key((1, 2), codec)) == encode_key((1, 2), codec)
    with pytest.raises(EncodingError, match="object"):
        codec.encode(object())


def test_numpy_is_not_imported_by_who_does_not_use_it() -> None:
    script = (
        "import sys; from shared_state_protocol.codec import Codec; codec = Codec()\n"
        "codec.decode(codec.encode([1, (2,), {3: 'x'}])); assert 'numpy' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
