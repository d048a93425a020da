"""The encoder: what is over a limit is refused, and refused the same way whichever way it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import EncodingError
from shared_state_protocol.limits import MAX_DEPTH, MAX_NODES

codec = Codec()

WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "list": lambda inner: [inner],
    "dict": lambda inner: {"k": inner},
    "tuple": lambda inner: (inner,),
    "dict by int": lambda inner: {1: inner},
    "surrogates": lambda inner: {"\ud800": inner},
    "tuple by bytearray": lambda inner: (bytearray(), inner),
    "list by bytearray": lambda inner: [bytearray(), inner],
}
each_wrapper = pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)


def nested(wrap: Callable[[Any], Any], times: int, innermost: object = 0) -> Any:
    for _ in range(times):
        innermost = wrap(innermost)
    return innermost


@each_wrapper
@pytest.mark.parametrize("innermost", [0, b"bytes", 1.5, 1 << 70, bytearray(b"x")])
def test_the_deepest_value_comes_back(wrap: Callable[[Any], Any], innermost: object) -> None:
    value = nested(wrap, MAX_DEPTH, innermost)
    assert codec.decode(codec.encode(value)) == value


@each_wrapper
@pytest.mark.parametrize("beyond", [1, MAX_DEPTH, 2000])
@pytest.mark.parametrize("innermost", [0, [], ()], ids=repr)
def test_a_deeper_one_is_refused(
    wrap: Callable[[Any], Any], beyond: int, innermost: object
) -> None:
    with pytest.raises(EncodingError, match="MAX_DEPTH"):
        codec.encode(nested(wrap, MAX_DEPTH + beyond, innermost))


def test_an_empty_container_is_a_level_too() -> None:
    empties: list[object] = [[], {}, ()]
    for empty in empties:
        with pytest.raises(EncodingError, match="MAX_DEPTH"):
            codec.encode(nested(lambda inner: [inner], MAX_DEPTH, empty))


def cycles() -> list[Any]:
    a_list: list[Any] = []
    a_list.append(a_list)
    a_dict: dict[Any, Any] = {}
    a_dict["k"] = a_dict
    by_int: dict[Any, Any] = {}
    by_int[1] = [by_int]
    through_tuple: list[Any] = []
    through_tuple.append((through_tuple, bytearray()))
    far: list[Any] = []
    far.append((nested(lambda inner: [inner], 900, far),))
    return [a_list, a_dict, by_int, through_tuple, far]


@pytest.mark.parametrize("value", cycles(), ids=["list", "dict", "by int", "tuple", "far"])
def test_a_value_that_contains_itself_is_refused(value: object) -> None:
    with pytest.raises(EncodingError, match="containing itself"):
        codec.encode(value)


def test_the_largest_value_comes_back() -> None:
    for value in ([0] * (MAX_NODES - 1), [1.5] * (MAX_NODES - 1)):
        assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize(
    "value",
    [[0] * MAX_NODES, [[]] * MAX_NODES, (0,) * MAX_NODES, [[1.5] * (MAX_NODES // 2)] * 2],
    ids=["list", "empty lists", "tuple", "two lists"],
)
def test_a_larger_one_is_refused(value: object) -> None:
    with pytest.raises(EncodingError, match="MAX_NODES"):
        codec.encode(value)


def test_bytes_do_not_count() -> None:
    value = [b"\x90" * 2_000_000, "\x90" * 2_000_000]
    assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize("filler", [b"\xc4", 0xC4, "\u0104", 1.5], ids=repr)
def test_a_bytearray_is_found_among_what_looks_like_one(filler: object) -> None:
    innocent = [filler] * 100
    guilty = [*innocent, {"k": [*innocent, bytearray(b"x")]}]
    assert codec.decode(codec.encode(innocent)) == innocent
    assert type(codec.decode(codec.encode(guilty))[-1]["k"][-1]) is bytearray


@pytest.mark.parametrize("size", [0, 255, 256, 65_535, 65_536])
def test_a_bytearray_of_any_size_is_found(size: int) -> None:
    for value in (bytearray(size), [bytearray(size)], (bytearray(size),), {1: bytearray(size)}):
        back = codec.decode(codec.encode(value))
        assert repr(back) == repr(value)


def test_a_failure_leaves_nothing_behind() -> None:
    for broken in (object(), [{1: object()}], (object(),)):
        with pytest.raises(EncodingError, match="object"):
            codec.encode(broken)
        assert codec.decode(codec.encode({1: ("\ud800",)})) == {1: ("\ud800",)}
