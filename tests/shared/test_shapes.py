"""Shapes: what is written for an argument, what a server lets in, what comes of a result."""

from __future__ import annotations

import math
from collections import OrderedDict, UserDict
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, NamedTuple, Optional

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol import shapes
from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import EncodingError, FixTheCall
from shared_state_protocol.shapes import REQUIRED, Shape, shape_of

CODEC = Codec()


class Point(NamedTuple):
    name: str
    places: list[int]
    note: Optional[float]  # noqa: UP045  # as older code writes it


NAMES: dict[str, Any] = {**vars(shapes), "Point": Point}


def read(annotation: str) -> Shape:
    """Return the shape of an annotation, which is text as in the contracts."""
    found = eval(annotation, NAMES)
    return shape_of(type(None) if found is None else found)


def sent(shape: Shape, value: Any) -> Any:
    """Return what a server gets for `value`."""
    return ormsgpack.unpackb(ormsgpack.packb(shape.encoder(CODEC)(value)))


VALUES = st.none() | st.integers() | st.text() | st.lists(st.booleans())
INTEGERS = st.integers(-(2**63) + 1, 2**63 - 1)

ARGUMENTS: list[tuple[str, st.SearchStrategy[Any]]] = [
    ("K", st.text() | st.integers() | st.tuples(st.text(), st.none())),
    ("V", VALUES),
    ("bool", st.booleans()),
    ("int", INTEGERS),
    ("float", st.floats(allow_nan=False)),
    ("str", st.text()),
    ("bytes", st.binary()),
    ("Any", st.integers(0, 5) | st.text()),
    ("None", st.none()),
    ("int | None", INTEGERS | st.none()),
    ("str | None", st.text() | st.none()),
    ("list[V]", st.lists(VALUES)),
    ("Iterable[V]", st.lists(VALUES)),
    ("list[int] | None", st.lists(INTEGERS) | st.none()),
    ("tuple[K, V]", st.tuples(st.text(), VALUES)),
    ("list[tuple[K, V]]", st.lists(st.tuples(st.text(), VALUES))),
    ("Point", st.builds(Point, st.text(), st.lists(INTEGERS), st.none() | st.just(0.5))),
    ("list[Point]", st.lists(st.builds(Point, st.text(), st.just([]), st.none()))),
    ("Scalar", st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text()),
]
IDS = [annotation for annotation, _ in ARGUMENTS]


@pytest.mark.parametrize(("annotation", "values"), ARGUMENTS, ids=IDS)
def test_what_is_sent_is_let_in_and_comes_back_as_it_was(
    annotation: str, values: st.SearchStrategy[Any]
) -> None:
    shape = read(annotation)

    @given(values)
    def check(value: Any) -> None:
        wire = sent(shape, value)
        assert shape.accepts(wire)
        back = shape.decoder(CODEC)(wire)
        assert back == value
        assert type(back) is type(value)
        assert not shape.verbatim or back is wire

    check()


WIRES: list[Any] = [None, True, 1, 2**63, 1.5, "text", b"bytes", [], [b"k", b"v"], [1], {"a": 1}]


@pytest.mark.parametrize(
    ("annotation", "accepted"),
    [
        ("K", [b"bytes"]),
        ("V", [b"bytes"]),
        ("D", [True]),
        ("D | None", [True]),
        ("bool", [True]),
        ("int", [1, 2**63]),
        ("Agent", [1, 2**63]),
        ("float", [1, 2**63, 1.5]),
        ("str", ["text"]),
        ("bytes", [b"bytes"]),
        ("Scalar", [1, 2**63, 1.5, "text", b"bytes"]),
        ("int | None", [None, 1, 2**63]),
        ("V | None", [None, b"bytes"]),
        ("V | D", [None, b"bytes"]),
        ("list[V]", [[], [b"k", b"v"]]),
        ("list[int]", [[], [1]]),
        ("tuple[K, V]", [[b"k", b"v"]]),
        ("Pairs[K, V]", [[]]),
        ("Any", WIRES),
    ],
    ids=str,
)
def test_a_server_lets_in_what_has_the_shape_and_nothing_else(
    annotation: str, accepted: list[Any]
) -> None:
    """By type, not by equality: ``True == 1``, and a behaviour that got it would store it."""
    shape = read(annotation)
    found = [wire for wire in WIRES if shape.accepts(wire)]
    assert list(map(repr, found)) == list(map(repr, accepted))


def test_inside_an_array_every_item_is_looked_at() -> None:
    assert not read("list[V]").accepts([b"k", "text"])
    assert not read("tuple[K, V]").accepts([b"k", b"v", b"more"])
    assert not read("list[Point]").accepts([["name", [1], None], ["name", [b"1"], None]])
    assert not read("Pairs[K, V]").accepts([[b"k", b"v"], [b"k"]])


class Index:
    def __index__(self) -> int:
        return 3


class Real:
    def __float__(self) -> float:
        return 2.5


@pytest.mark.parametrize(
    ("annotation", "argument", "wire"),
    [
        ("int", True, 1),
        ("int", Index(), 3),
        ("float", 2, 2.0),
        ("float", Real(), 2.5),
        ("float", Index(), 3.0),
        ("bool", [], False),
        ("bool", "x", True),
        ("bytes", bytearray(b"x"), b"x"),
        ("Scalar", Index(), 3),
        ("Scalar", Real(), 2.5),
        ("list[int]", range(2), [0, 1]),
        ("Iterable[int]", iter([True]), [1]),
        ("tuple[str, int]", iter(["a", 1]), ["a", 1]),
        ("D", None, True),
        ("D", REQUIRED, False),
    ],
)
def test_arguments_are_converted_as_python_converts_them(
    annotation: str, argument: Any, wire: Any
) -> None:
    encoded = read(annotation).encoder(CODEC)(argument)
    assert encoded == wire
    assert type(encoded) is type(wire)


@pytest.mark.parametrize(
    ("annotation", "argument", "error"),
    [
        ("int", 1.0, TypeError),
        ("int", "1", TypeError),
        ("int", None, TypeError),
        ("int", 2**63, OverflowError),
        ("int", -(2**63) - 1, OverflowError),
        ("float", "1", TypeError),
        ("float", None, TypeError),
        ("float", 10**400, OverflowError),
        ("str", b"text", TypeError),
        ("str", None, TypeError),
        ("bytes", "text", TypeError),
        ("Scalar", None, TypeError),
        ("Scalar", 2**64, OverflowError),
        ("list[V]", 5, TypeError),
        ("list[V]", [object()], EncodingError),
        ("K", [], TypeError),
        ("V", object(), EncodingError),
        ("tuple[str, int]", ["a"], ValueError),
        ("Pairs[K, V]", [("a", 1, 2)], ValueError),
        ("Pairs[K, V]", [5], TypeError),
        ("Pairs[K, V]", 5, TypeError),
    ],
)
def test_what_python_does_not_convert_is_refused(
    annotation: str, argument: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        read(annotation).encoder(CODEC)(argument)


class OnlyKeys:
    def keys(self) -> Iterable[str]:
        return iter("ab")

    def __getitem__(self, key: str) -> str:
        return key.upper()


@pytest.mark.parametrize(
    "argument",
    [
        {"a": "A", "b": "B"},
        OrderedDict(a="A", b="B"),
        UserDict(a="A", b="B"),
        MappingProxyType({"a": "A", "b": "B"}),
        OnlyKeys(),
        [("a", "A"), ["b", "B"]],
        (pair for pair in ["aA", "bB"]),
    ],
    ids=lambda argument: type(argument).__name__,
)
def test_pairs_come_from_whatever_a_dict_is_updated_with(argument: Any) -> None:
    shape = read("Pairs[K, V]")
    wire = sent(shape, argument)
    assert shape.accepts(wire)
    assert shape.decoder(CODEC)(wire) == [("a", "A"), ("b", "B")]


def test_a_stored_none_and_nothing_are_different() -> None:
    shape = read("V | None")
    assert shape.decoder(CODEC)(read("V").encoder(CODEC)(None)) is None
    assert read("V").encoder(CODEC)(None) is not None
    assert shape.encoder(CODEC)(None) is None


def test_a_float_that_is_no_number_travels() -> None:
    assert math.isnan(read("float").encoder(CODEC)(math.nan))


@pytest.mark.parametrize(
    "annotation", ["complex", "dict[str, int]", "int | str", "set[int]", "..."]
)
def test_an_annotation_without_a_shape_is_refused(annotation: str) -> None:
    with pytest.raises(FixTheCall, match="no shape is known"):
        read(annotation)


@pytest.mark.parametrize(
    ("annotation", "flat"),
    [
        ("V", True),
        ("int", True),
        ("str | None", True),
        ("list[V]", False),
        ("list[V] | None", False),
        ("tuple[K, V]", False),
        ("Point", False),
    ],
)
def test_a_flat_shape_is_accepted_by_its_type_alone(annotation: str, flat: bool) -> None:
    """Else a server that looks at types would let in what it has never looked at."""
    assert (read(annotation).accepted is not None) is flat
