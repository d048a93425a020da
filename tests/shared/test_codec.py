"""The codec: nothing is lost, and what two payloads have to be to be equal."""

from __future__ import annotations

import io
import pickle
import struct
import sys
from collections import OrderedDict, deque, namedtuple
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol.codec import Codec, equal, is_pickled, matcher
from shared_state_protocol.errors import DecodingError, EncodingError
from shared_state_protocol.limits import MAX_NUMBER_BYTES
from shared_state_protocol.placeholders import Opaque, Reference
from tests.shared.values import Colour, Level, Point, Slotted, registry, same, values

client = Codec(registry=registry)
server = Codec(unknown="keep")


@given(values)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    assert same(client.decode(client.encode(value)), value)


@given(values)
def test_what_a_server_keeps_it_sends_as_it_came(value: Any) -> None:
    payload = client.encode(value)
    again = server.encode(server.decode(payload))
    assert same(client.decode(again), value)


@given(st.text(max_size=300) | st.binary(max_size=300) | st.integers() | st.floats() | st.none())
def test_scalars_are_what_msgpack_makes_of_them(value: Any) -> None:
    assert same(client.decode(client.encode(value)), value)


EXAMPLES = [
    {"b": 1, "a": 2, 3: 4, None: 5, (1, "x"): 6, frozenset({1}): 7},
    {"\ud800": "\udfff", "plain": ["\ud800"]},
    OrderedDict([("z", 1), ("a", 2)]),
    deque([1, 2, 3], maxlen=3),
    [b"bytes", bytearray(b"array"), {"nested": [bytearray()]}],
    (bytearray(b"x"), [b"x"], {"x": bytearray(b"x")}),
    [*range(300), bytearray(300), b"x" * 70_000],
    [1 << 64, -(1 << 63) - 1, (1 << 64) - 1, -(1 << 63), 1 << 100_000],
    [0.0, -0.0, float("inf"), complex(-0.0, float("nan"))],
    [Decimal("-0E+5"), Decimal("sNaN12"), Decimal("1E+999999999"), Fraction(-1, 3)],
    datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
    [datetime.min, datetime.max.replace(tzinfo=timezone(timedelta(microseconds=1)))],
    [time(1, fold=1), time.max.replace(tzinfo=timezone(timedelta(hours=-1), "odd"))],
    [timezone.utc, timezone(timedelta(0), "Z"), timedelta.min, timedelta.max],
    [range(10**30), range(5, 1, -2), slice(None, 5, Point(1, 2))],
    [Colour.BLUE, Level.LOW, {Level.LOW: 1, "1": 2}, Point([1], {2}), Slotted({1: 2})],
    [set(), frozenset(), (), [], {}, "", b"", bytearray(), deque()],
]


@pytest.mark.parametrize("value", EXAMPLES)
def test_these_come_back_too(value: Any) -> None:
    assert same(client.decode(client.encode(value)), value)


class Text(str):
    __slots__ = ()


class Handle:
    """Of no known type; picklable, and equal to its kind."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle)

    __hash__ = object.__hash__


Pair = namedtuple("Pair", "left right")  # the untyped kind is a tuple as well


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Handle(), "Handle"),
        ([{"deep": (1, {Handle()})}], "Handle"),
        ({1: [{2: Handle()}]}, "Handle"),
        (Text("x"), "Text"),
        (Pair(1, 2), "Pair"),
        ([b"x", memoryview(b"x")], "memoryview"),
        (memoryview(b"x"), "memoryview"),
        (..., "ellipsis"),
        (int, "type"),
        (sys, "module"),
    ],
)
def test_a_value_of_no_known_type_is_refused_by_name(value: object, named: str) -> None:
    with pytest.raises(EncodingError, match=rf"{named}.*pickle=True.*--allow-pickle") as refused:
        client.encode(value)
    assert "register" not in str(refused.value)  # which would refuse such a class in its turn
    assert issubclass(EncodingError, TypeError)


def test_an_instance_of_a_class_that_is_not_registered_is_refused() -> None:
    class Unregistered(Enum):
        MEMBER = 1

    with pytest.raises(EncodingError, match=r"call shared_state\.register\(Unregistered\)"):
        client.encode(Unregistered.MEMBER)


def test_a_zone_that_was_read_from_a_file_has_no_name_to_send() -> None:
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    local_time_type = struct.pack(">lbb", 3600, 0, 0) + b"CET\0"
    zone = ZoneInfo.from_file(io.BytesIO(2 * (header + local_time_type) + b"\nCET-1\n"))
    with pytest.raises(EncodingError, match="no key"):
        client.encode(datetime(2024, 1, 1, tzinfo=zone))


def test_a_fraction_has_a_limit() -> None:
    largest = Fraction(1, (1 << 8 * MAX_NUMBER_BYTES) - 1)
    assert client.decode(client.encode(largest)) == largest
    for larger in (largest.denominator + 1, Fraction(largest, 2)):
        with pytest.raises(EncodingError, match="MAX_NUMBER_BYTES"):
            client.encode([Fraction(larger)])


# Pickles

pickling = Codec(pickle=True, registry=registry)


def test_a_value_of_no_known_type_is_pickled_if_both_ends_opted_in() -> None:
    payload = pickling.encode([Handle(), 1])
    assert is_pickled(payload)
    assert pickling.decode(payload) == [Handle(), 1]


def test_a_large_pickle_is_not_taken_for_a_value() -> None:
    value = [Handle(), *range(10_000)]
    assert pickling.decode(pickling.encode(value)) == value


def test_nothing_is_pickled_that_need_not_be() -> None:
    assert not is_pickled(pickling.encode({"a": (1, {2})}))
    assert not is_pickled(b"")


def test_a_value_that_contains_itself_can_be_pickled() -> None:
    value: list[Any] = []
    value.append((value,))
    assert pickling.decode(pickling.encode(value))[0][0][0][0] is not None


@pytest.mark.parametrize("codec", [client, server])
def test_a_pickle_is_not_read_by_who_did_not_opt_in(codec: Codec) -> None:
    with pytest.raises(DecodingError, match="pickle=True"):
        codec.decode(pickling.encode(Handle()))


def test_what_cannot_be_pickled_is_an_encoding_error() -> None:
    with pytest.raises(EncodingError, match=r"function.*nor can it be pickled"):
        pickling.encode(lambda: None)


@pytest.mark.parametrize("rest", [b"", b"garbage", pickle.dumps(Handle())[:-1], b"c no\nno\n."])
def test_a_broken_pickle_is_a_decoding_error(rest: bytes) -> None:
    with pytest.raises(DecodingError, match="pickle"):
        pickling.decode(b"\xc1" + rest)


def test_a_pickle_is_never_part_of_a_value() -> None:
    with pytest.raises(DecodingError):
        pickling.decode(b"\x91" + pickling.encode(Handle()))


# Shared objects

referring = Codec(
    refer=lambda value: ("dict", "name") if isinstance(value, Handle) else None,
    resolve=lambda kind, name: f"{kind} {name}",
)


def test_a_shared_object_travels_by_reference() -> None:
    payload = referring.encode([{1: Handle()}, (Handle(),)])
    assert referring.decode(payload) == [{1: "dict name"}, ("dict name",)]
    assert server.decode(payload) == [{1: Reference("dict", "name")}, (Reference("dict", "name"),)]
    assert server.encode(server.decode(payload)) == payload


def test_what_resolving_raises_is_a_decoding_error() -> None:
    def resolve(kind: str, name: str) -> object:
        raise LookupError(f"no {kind}")

    with pytest.raises(DecodingError, match="no dict") as caught:
        Codec(resolve=resolve).decode(referring.encode(Handle()))
    assert isinstance(caught.value.__cause__, LookupError)


def test_what_referring_raises_comes_out() -> None:
    def refer(value: object) -> None:
        raise LookupError("closed")

    for value in ([Handle()], ({1: Handle()},)):
        with pytest.raises(LookupError, match="closed"):
            Codec(refer=refer).encode(value)


def test_an_interrupt_is_not_swallowed_by_a_value_half_way() -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    codec = Codec(pickle=True, refer=interrupt, resolve=interrupt)
    for value in ((Handle(),), {1: (Handle(),)}):
        with pytest.raises(KeyboardInterrupt):
            codec.encode(value)
    with pytest.raises(KeyboardInterrupt):
        codec.decode(referring.encode([Handle()]))
    assert codec.decode(codec.encode((1, 2))) == (1, 2)


# Servers


def test_a_server_compares_instances_by_their_bytes() -> None:
    point, other = (server.decode(client.encode(Point(1, y))) for y in (2, 3))
    assert isinstance(point, Opaque)
    assert point == server.decode(client.encode(Point(1, 2))) != other
    assert len({point, other, server.decode(client.encode(Colour.RED))}) == 3


def test_a_server_cannot_order_instances() -> None:
    low, high = (server.decode(client.encode(level)) for level in Level)
    with pytest.raises(TypeError, match="sort with a key"):
        sorted([low, high])


def test_a_server_keeps_extensions_of_later_versions() -> None:
    payload = b"\xd4\x7f\x00"
    assert server.encode([server.decode(payload)]) == b"\x91" + payload
    with pytest.raises(DecodingError, match="127"):
        client.decode(payload)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_server_does_not_calculate_with_huge_integers(sign: int) -> None:
    payload = client.encode([sign << 40_000])
    kept = server.decode(payload)
    assert isinstance(kept[0], Opaque)
    assert kept == server.decode(payload)
    assert server.encode(kept) == payload


# Equality


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1.0, True),
        (True, Decimal(1), True),
        ([1, (2, {3: 4})], [1.0, (2, {3.0: 4})], True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({1, 2}, frozenset({2, 1}), True),
        (b"x", bytearray(b"x"), True),
        ("a", "b", False),
        ("1", 1, False),
        ([1], (1,), False),
        (float("nan"), float("nan"), True),
        (Decimal("sNaN"), 1, False),
        (Point(1, 2), Point(1, 2), True),
        (Point(1, 2), Point(1, 3), False),
        (Colour.RED, "r", False),
    ],
)
def test_payloads_are_equal_where_their_values_are(left: Any, right: Any, expected: bool) -> None:
    a, b = client.encode(left), client.encode(right)
    assert equal(a, b, server) is expected
    assert equal(b, a, server) is expected


def test_pickles_are_equal_only_to_themselves() -> None:
    payload = pickling.encode(Handle())
    assert equal(payload, payload, server)
    assert not equal(payload, pickling.encode([Handle()]), server)
    assert not equal(payload, server.encode(1), server)
    assert not equal(server.encode(1), payload, server)


def test_a_matcher_is_asked_many_times() -> None:
    matches = matcher(client.encode((1, 2)), server)
    others = [(1, 2), (1.0, 2), [1, 2], None]
    assert [matches(client.encode(other)) for other in others] == [True, True, False, False]
