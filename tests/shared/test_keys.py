"""Keys: two of them have one canonical form exactly if Python takes them for one key."""

from __future__ import annotations

import cmath
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from ormsgpack import Ext, packb

from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import DecodingError, EncodingError, LimitExceeded
from shared_state_protocol.keys import MAX_EXACT_DIGITS, canonical, encode_key, key_encoder
from shared_state_protocol.limits import MAX_KEY_BYTES
from tests.shared import values
from tests.shared.values import Colour, Level, Point, registry, same

client = Codec(registry=registry)
server = Codec(unknown="keep")


def form(key: object) -> bytes:
    return canonical(encode_key(key, client))


def is_exception(key: Any) -> bool:
    """Return whether the documentation of `keys` says that Python sees `key` otherwise."""
    if isinstance(key, (tuple, frozenset)):
        return any(map(is_exception, key))
    if isinstance(key, Point):
        return is_exception(key.x) or is_exception(key.y)
    if isinstance(key, Decimal):
        return key.is_nan() or is_long(key)
    if isinstance(key, (float, complex)):
        return cmath.isnan(key)
    if isinstance(key, datetime):
        return key.utcoffset() != key.replace(fold=not key.fold).utcoffset()
    return isinstance(key, IntEnum)


def is_long(key: Decimal) -> bool:
    digits = len(key.as_tuple().digits)
    return key.is_finite() and abs(key.adjusted()) + digits > MAX_EXACT_DIGITS // 2


keys = values.keys.filter(lambda key: not is_exception(key))


def variants(key: Any) -> st.SearchStrategy[Any]:
    """Return keys that are equal to `key`, or nearly."""
    if isinstance(key, tuple):
        return st.tuples(*map(variants, key))
    if isinstance(key, frozenset):
        return st.tuples(*map(variants, key)).map(frozenset)
    if isinstance(key, Point):
        return st.builds(Point, variants(key.x), variants(key.y))
    return st.sampled_from([key, *near(key)])


def near(key: Any) -> list[Any]:
    for kind, others in NEAR.items():
        if isinstance(key, kind):
            return others(key)
    return exact(key)


def moved(key: datetime) -> list[datetime]:
    """Return the same instant in other zones."""
    offset = key.utcoffset()
    if offset is None:
        return []
    try:
        others = [key.astimezone(timezone.utc), key.astimezone(timezone(timedelta(hours=3)))]
    except OverflowError:
        others = []
    return [key.replace(tzinfo=timezone(offset, "?")), *others]


def exact(key: Any) -> list[Any]:
    """Return other numbers that equal the number `key`, or nearly."""
    others: list[Any] = []
    for kind in (int, float, complex, Decimal, Fraction, bool):
        try:
            others.append(kind(key))
        except (ValueError, TypeError, ArithmeticError):
            continue
    return [other for other in others if not is_exception(other)]


NEAR: dict[Any, Callable[[Any], list[Any]]] = {
    datetime: lambda key: [key.replace(fold=1 - key.fold), key.replace(tzinfo=None), *moved(key)],
    time: lambda key: [key.replace(fold=1 - key.fold), key.replace(tzinfo=timezone.utc)],
    range: lambda key: [
        range(key.start, key.stop + 1, key.step),
        range(key.start, key.stop - 1, key.step),
        range(key.start, key.start),
    ],
    UUID: lambda key: [UUID(int=key.int, is_safe=SafeUUID.unsafe), key.bytes],
    timezone: lambda key: [timezone(key.utcoffset(None), "?")],
    str: lambda key: [key.encode("utf-8", "surrogatepass")],
}


def is_one_key(left: Any, right: Any) -> bool:
    return bool(left == right) and hash(left) == hash(right)


@given(keys, keys)
def test_different_keys_are_told_apart(left: Any, right: Any) -> None:
    assert (form(left) == form(right)) == is_one_key(left, right)


@given(st.data())
def test_equal_keys_have_one_form(data: st.DataObject) -> None:
    left = data.draw(keys)
    right = data.draw(variants(left))
    assert (form(left) == form(right)) == is_one_key(left, right)


small = st.integers(-3, 3)


@given(
    small | st.integers().map(lambda n: n * 2.0**60) | values.floats | values.decimals,
    values.fractions | st.fractions(max_denominator=8) | st.builds(complex, small, small),
)
def test_numbers_of_all_types_are_compared_by_their_value(left: Any, right: Any) -> None:
    assume(not is_exception(left))
    numbers = [left, right, *exact(left), *exact(right)]
    for one in numbers:
        for other in numbers:
            assert (form(one) == form(other)) == is_one_key(one, other)


@given(values.keys)
def test_a_canonical_form_is_a_key_and_its_own_form(key: Any) -> None:
    once = form(key)
    assert canonical(once) == once
    assert canonical(server.encode(server.decode(once))) == once


@given(values.keys)
def test_a_key_comes_back_as_it_was(key: Any) -> None:
    assert same(client.decode(encode_key(key, client)), key)


EXACTLY_A_TENTH = Decimal("0.1000000000000000055511151231257827021181583404541015625")  # the float

ONE_KEY: list[list[Any]] = [
    [
        1,
        1.0,
        True,
        Decimal(1),
        Decimal("1.000"),
        Decimal("1E0"),
        Fraction(1),
        1 + 0j,
        complex(1, -0.0),
    ],
    [0, 0.0, -0.0, False, Decimal("-0"), Decimal("0E-9000"), 0j, complex(-0.0, -0.0), Fraction(0)],
    [0.5, Fraction(1, 2), Decimal("0.5"), Decimal("0.50"), 0.5 + 0j],
    [0.1, Fraction(0.1), EXACTLY_A_TENTH, complex(0.1)],
    [Fraction(1, 10), Decimal("0.1")],
    [5e-324, Fraction(5e-324), complex(5e-324)],
    [10**300, Decimal("1E300"), Decimal(10**300)],
    [Fraction(10**400, 3)],
    [2**1023, 2.0**1023, Decimal(2**1023)],
    [float("inf"), Decimal("Infinity"), complex("inf")],
    [float("nan"), -float("nan"), Decimal("NaN"), Decimal("-NaN12"), complex("nan")],
    [Decimal("1E999999999"), Decimal("10E999999998"), Decimal("1.00E999999999")],
    [complex(1, 2), complex(1.0, 2.0)],
    [complex(-0.0, 1), complex(0.0, 1)],
    [(1, (2.0, "x")), (True, (2, "x"))],
    [frozenset({1, 2, "x"}), frozenset({"x", 2.0, True})],
    [range(0), range(5, 5), range(3, 0), range(0, 10, -1)],
    [range(1, 2), range(1, 100, 99), range(1, 0, -5)],
    [range(0, 10, 3), range(0, 12, 3), range(False, 11, 3)],
    [range(0, 10**30, 10**29), range(0, 10**30 - 1, 10**29)],
    [
        datetime(2024, 1, 1, 12, tzinfo=timezone.utc),
        datetime(2024, 1, 1, 13, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2024, 1, 1, 7, tzinfo=timezone(timedelta(hours=-5), "EST")),
    ],
    [datetime.min, datetime.min.replace(fold=1)],
    [  # before the first and after the last moment that UTC can write
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime.min.replace(hour=1, tzinfo=timezone(timedelta(hours=2))),
    ],
    [
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
        datetime.max.replace(hour=22, tzinfo=timezone(timedelta(hours=-2))),
    ],
    [time(1, tzinfo=timezone.utc), time(2, tzinfo=timezone(timedelta(hours=1)))],
    [time(0, tzinfo=timezone(timedelta(hours=1))), time(1, tzinfo=timezone(timedelta(hours=2)))],
    [
        time(23, tzinfo=timezone(timedelta(hours=-2))),
        time(22, tzinfo=timezone(timedelta(hours=-3))),
    ],
    [time(1), time(1, fold=1), time(1, tzinfo=ZoneInfo("Europe/Berlin"))],
    [timezone.utc, timezone(timedelta(0), "Z")],
    [UUID(int=1), UUID(int=1, is_safe=SafeUUID.safe)],
    [Point(1, 2), Point(1.0, True + 1)],
    ["x" * 100],
    ["schlüssel"],
]


@pytest.mark.parametrize("group", ONE_KEY)
def test_these_are_one_key(group: list[Any]) -> None:
    assert len({form(key) for key in group}) == 1


def test_and_no_two_of_them_are() -> None:
    forms = {form(group[0]) for group in ONE_KEY}
    others = [
        None,
        "1",
        b"1",
        b"x" * 100,
        Level.LOW,
        Colour.RED,
        (1,),
        frozenset({1}),
        timedelta(1),
    ]
    assert len(forms | {form(key) for key in others}) == len(ONE_KEY) + len(others)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"x" * 255,
        "x" * 32,
        "x" * 255,
        b"x" * 256,
        "\xe9" * 99,
        0,
        -1,
        127,
        -32,
        "",
        "key",
        "x" * 31,
        None,
        "é",
        12345,
        "x" * 99,
        1.5,
    ],
)
def test_a_canonical_key_is_not_copied(key: object) -> None:
    encoded = encode_key(key, client)
    assert canonical(encoded) is encoded


@pytest.mark.parametrize(
    ("encoded", "shortest"),
    [
        (b"\xcc\x05", b"\x05"),
        (b"\xd3" + bytes(8), b"\x00"),
        (b"\xd9\x01a", b"\xa1a"),
        (b"\xdb\x00\x00\x00\x01a", b"\xa1a"),
        (b"\xc5\x00\x01x", b"\xc4\x01x"),
        (b"\xca\x3f\x80\x00\x00", b"\x01"),
        (packb(Ext(1, packb(b"\x00\x05"))), b"\x05"),
        (packb(Ext(2, packb(b"a"))), b"\xa1a"),
    ],
)
def test_there_is_one_way_to_write_a_key(encoded: bytes, shortest: bytes) -> None:
    assert canonical(encoded) == shortest


@pytest.mark.parametrize("encoded", [b"\xc4", b"\xc4\x02x", b"\xc4\x00x", b"\xd9\x21" + b"x" * 32])
def test_a_text_that_is_cut_is_no_key(encoded: bytes) -> None:
    with pytest.raises(DecodingError):
        canonical(encoded)


# What can be no key

UNHASHABLE = [[], {}, {1: 2}, set(), bytearray(), deque(), OrderedDict(), (1, []), Point([], 1)]


@pytest.mark.parametrize("key", UNHASHABLE)
def test_a_key_that_is_not_hashable_is_refused_as_python_does(key: object) -> None:
    with pytest.raises(TypeError) as ours:
        encode_key(key, client)
    with pytest.raises(TypeError) as pythons:
        hash(key)
    assert str(ours.value) == str(pythons.value)


@pytest.mark.parametrize("key", [*UNHASHABLE, Decimal("sNaN")])
def test_a_server_refuses_it_too(key: object) -> None:
    with pytest.raises(EncodingError, match=r"unhashable|not hashable"):
        canonical(client.encode(key))
    assert issubclass(EncodingError, TypeError)


def test_a_key_of_no_known_type_is_refused() -> None:
    with pytest.raises(EncodingError, match="object"):
        encode_key(object(), client)


def test_a_pickle_is_no_key() -> None:
    pickling = Codec(pickle=True)
    with pytest.raises(EncodingError, match=r"Colour.*pickle"):
        encode_key(Colour.RED, pickling)
    with pytest.raises(DecodingError):
        canonical(pickling.encode(Colour.RED))


def test_a_key_has_a_limit() -> None:
    longest = "x" * (MAX_KEY_BYTES - 3)
    assert canonical(encode_key(longest, client)) == encode_key(longest, client)
    for key in (longest + "x", (longest, longest)):
        with pytest.raises(LimitExceeded, match="MAX_KEY_BYTES"):
            encode_key(key, client)
        with pytest.raises(LimitExceeded, match="MAX_KEY_BYTES"):
            canonical(client.encode(key))


# Garbage


@given(st.binary(max_size=60))
@example(b"")
@example(b"\xa1\xff")
@example(b"\x01\x01")
@example(b"\xc0\xc0")
def test_random_bytes_have_a_form_or_are_refused(encoded: bytes) -> None:
    try:
        once = canonical(encoded)
    except (DecodingError, EncodingError):
        return
    assert canonical(once) == once


@given(values.keys, st.data())
def test_keys_with_some_bytes_changed_too(key: Any, data: st.DataObject) -> None:
    encoded = bytearray(encode_key(key, client))
    places = st.integers(0, len(encoded) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=3)):
        encoded[place] = data.draw(st.integers(0, 255))
    try:
        once = canonical(bytes(encoded))
    except (DecodingError, EncodingError):
        return
    assert canonical(once) == once


@pytest.mark.parametrize(
    "body",
    [None, [], {}, "name", ["name", "field"], ["name", [], 1], ["name", "field", []], b"x"],
    ids=repr,
)
@pytest.mark.parametrize("tag", [32, 33])
def test_instances_that_were_made_by_hand(tag: int, body: Any) -> None:
    encoded = packb(Ext(tag, packb(body)))
    if (tag, body) == (32, ["name", "field"]):
        assert canonical(encoded) == encoded
    else:
        with pytest.raises((DecodingError, EncodingError)):
            canonical(encoded)


def test_the_order_of_fields_does_not_matter() -> None:
    one, other = (
        packb(Ext(33, packb(["name", *fields])))
        for fields in (["a", 1, "b", 2], ["b", 2, "a", 1.0])
    )
    assert canonical(one) == canonical(other)


def test_the_worst_keys_take_little_work() -> None:
    for text in ("1E65000", "1" + "0" * 65_000, "9" * 65_000, "1E-999999999", "0." + "3" * 65_000):
        assert len(form(Decimal(text))) < MAX_KEY_BYTES
    with pytest.raises(DecodingError):  # numbers that a server does not calculate with
        canonical(client.encode(range(1 << 400_000)))


def test_the_fast_way_encodes_keys_as_the_thorough_one_does() -> None:
    encode = key_encoder(client)
    texts = [letter * length for letter in ("a", "é", "語") for length in range(70)]
    keys: list[object] = [*texts, *(-1, 0, 1, 2**63, 2**64), True, False, 1.0, b"a", None, (1, "a")]
    assert [encode(key) for key in keys] == [encode_key(key, client) for key in keys]
    for surrogate in ("\ud800", "a\udfff"):
        assert encode(surrogate) == encode_key(surrogate, client)
    with pytest.raises(LimitExceeded):
        encode("a" * MAX_KEY_BYTES)
