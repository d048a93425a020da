"""The decoder: whatever comes in, out comes a value or a `DecodingError`."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ormsgpack import Ext, packb

from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import DecodingError
from shared_state_protocol.extensions import BUILDERS
from shared_state_protocol.limits import MAX_DEPTH, MAX_EQUAL_HASHES, MAX_NUMBER_BYTES
from tests.shared.values import registry, values

client = Codec(registry=registry)
server = Codec(unknown="keep")
each_codec = pytest.mark.parametrize("codec", [client, server], ids=["client", "server"])


def decode_or_refuse(payload: bytes) -> None:
    for codec in (client, server):
        try:
            value = codec.decode(payload)
        except DecodingError:
            continue
        codec.encode(value)


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xc1")
def test_random_bytes(payload: bytes) -> None:
    decode_or_refuse(payload)


@given(values, st.data())
def test_values_with_some_bytes_changed(value: Any, data: st.DataObject) -> None:
    payload = bytearray(client.encode(value))
    places = st.integers(0, len(payload) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=4)):
        payload[place] = data.draw(st.integers(0, 255))
    decode_or_refuse(bytes(payload))


@given(values, st.data())
def test_truncated_values(value: Any, data: st.DataObject) -> None:
    payload = client.encode(value)
    cut = data.draw(st.integers(0, len(payload) - 1))
    with pytest.raises(DecodingError):
        client.decode(payload[:cut])


@given(values, st.binary(min_size=1, max_size=20))
def test_values_with_bytes_after_their_end(value: Any, rest: bytes) -> None:
    payload = client.encode(value)
    for codec in (client, server):
        with pytest.raises(DecodingError):
            codec.decode(payload + rest)


tags = st.sampled_from([*BUILDERS, 32, 33, 34, 48, 49]) | st.integers(0, 127)
bodies = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats()
    | st.text(max_size=10)
    | st.binary(max_size=20),
    lambda items: (
        st.lists(items, max_size=10)
        | st.dictionaries(st.text(max_size=3), items, max_size=3)
        | st.builds(lambda tag, body: Ext(tag, packb(body)), tags, items)
    ),
    max_leaves=12,
)


@given(tags, bodies | st.binary(max_size=30))
def test_extensions_of_anything(tag: int, body: Any) -> None:
    decode_or_refuse(packb(Ext(tag, packb(body))))
    if isinstance(body, bytes):
        decode_or_refuse(packb(Ext(tag, body)))


def crafted(tag: int, *body: Any) -> bytes:
    return packb(Ext(tag, packb(list(body))))


def whole(tag: int, body: Any) -> bytes:
    return packb(Ext(tag, packb(body)))


HUGE = Ext(1, packb(b"\x7f" * (MAX_NUMBER_BYTES + 1)))

CRAFTED = {
    "int of text": whole(1, "12"),
    "str of half a character": whole(2, b"\xc3"),
    "tuple of a map": whole(4, {"k": 1}),
    "set of lists": crafted(5, [1], [2]),
    "frozenset of a text": whole(6, "abc"),
    "dict without a value": crafted(7, 1, 2, 3),
    "dict by list": crafted(7, [1], 2),
    "deque of no length": crafted(9),
    "deque of less": crafted(9, -1),
    "deque of too much": crafted(9, 1 << 63),
    "complex of texts": crafted(10, "1", "2"),
    "complex of one text": crafted(10, "1+2j"),
    "range without a step": crafted(11, 0, 1, 0),
    "range of floats": crafted(11, 0.0, 1.0, 1.0),
    "slice of four": crafted(12, 1, 2, 3, 4),
    "datetime of what pickle writes": crafted(13, b"\x07\xe8\x01\x01\xff\xff\xff\xff\xff\xff"),
    "datetime in a text": crafted(13, 2024, 1, 1, 0, 0, 0, 0, 0, "UTC"),
    "date of what pickle writes": crafted(14, b"\x00\x00\x00\x00"),
    "date of no day": crafted(14, 2023, 2, 29),
    "date of large numbers": crafted(14, 1 << 62, 1, 1),
    "time of what pickle writes": crafted(15, b"\xff" * 6),
    "time with a fold": crafted(15, 0, 0, 0, 0, 2, None),
    "timedelta of more": crafted(16, 1 << 40, 0, 0),
    "timedelta of nothing": crafted(16, float("nan"), 0, 0),
    "timezone of a day": crafted(17, Ext(16, packb([1, 0, 0])), None),
    "zone nowhere": whole(18, "Mars/Olympus"),
    "zone upwards": whole(18, "../../etc/passwd"),
    "zone from the root": whole(18, "/etc/passwd"),
    "zone of a folder": whole(18, "Europe"),
    "zone of no name": whole(18, "\0"),
    "decimal of words": whole(19, "twelve"),
    "fraction by zero": crafted(20, 1, 0),
    "fraction of floats": crafted(20, 1.5, 2.5),
    "fraction of huge numbers": crafted(20, HUGE, HUGE),
    "uuid of little": crafted(21, b"short", None),
    "uuid of an unknown safety": crafted(21, b"0123456789abcdef", 7),
    "reference to a number": crafted(34, "dict", 1),
    "reference to nothing": crafted(34),
    "a tuple of half a value": packb(Ext(4, b"\x92\x01")),
    "a tuple of more than a value": packb(Ext(4, b"\x91\x01\x01")),
    "an empty extension": packb(Ext(4, b"")),
    "a timestamp of msgpack": b"\xd6\xff\x00\x00\x00\x00",
    "a map by numbers": b"\x81\x01\x02",
    "invalid text": b"\xa1\xff",
    "invalid long text": b"\xd9\x28" + b"\xff" * 40,
    "a text that ends too early": b"\xd9\x28abc",
}


@each_codec
@pytest.mark.parametrize("payload", CRAFTED.values(), ids=CRAFTED)
def test_crafted_payloads(codec: Codec, payload: bytes) -> None:
    with pytest.raises(DecodingError):
        codec.decode(payload)
    with pytest.raises(DecodingError):
        codec.decode(b"\x91" + payload)


INSTANCES = {
    "nobody's class": crafted(32, "nobody", "MEMBER"),
    "a class of no name": crafted(33, 1),
    "nothing": crafted(32),
    "a list for a class": crafted(33, [], "x", 1),
    "no such member": crafted(32, "tests.shared.values.Colour", "GREEN"),
    "a member for a dataclass": crafted(32, "point", "x"),
    "a dataclass for an enum": crafted(33, "tests.shared.values.Colour", "RED", 1),
    "a field too much": crafted(33, "point", "x", 1, "y", 2, "z", 3),
    "a field too few": crafted(33, "point", "y", 2),
    "a field without its value": crafted(33, "point", "x"),
    "a field of no name": crafted(33, "point", "x", 1, 2, 2),
    "a list of a field": crafted(33, "point", [], 1),
    "a flag of a text": crafted(32, "tests.shared.values.Right", "READ"),
    "an unknown extension": crafted(99),
}


@pytest.mark.parametrize("payload", INSTANCES.values(), ids=INSTANCES)
def test_instances_that_cannot_be_made(payload: bytes) -> None:
    with pytest.raises(DecodingError):
        client.decode(payload)
    assert server.encode(server.decode(payload)) == payload


def colliding(count: int) -> list[int]:
    return [number * ((1 << 61) - 1) for number in range(1, count + 1)]


@pytest.mark.parametrize("tag", [5, 6, 7, 8])
def test_hashes_that_were_made_to_collide(tag: int) -> None:
    body = [Ext(1, packb(number.to_bytes(16, "big"))) for number in colliding(MAX_EQUAL_HASHES + 2)]
    if tag in (7, 8):
        body = [part for key in body for part in (key, key)]
    with pytest.raises(DecodingError, match="MAX_EQUAL_HASHES"):
        client.decode(whole(tag, body))


def test_hashes_that_happen_to_collide() -> None:
    value = {*colliding(MAX_EQUAL_HASHES), *range(5000)}
    assert client.decode(client.encode(value)) == value


@each_codec
@pytest.mark.parametrize("length", [100, 100_000])
@pytest.mark.parametrize("unit", [b"\x91", b"\x81\xa1k", b"\xdc\x00\x01"])
def test_deep_payloads(codec: Codec, unit: bytes, length: int) -> None:
    with pytest.raises(DecodingError):
        codec.decode(unit * length + b"\x01")


@each_codec
def test_deep_extensions(codec: Codec) -> None:
    payload = b"\x01"
    for _ in range(MAX_DEPTH + 1):
        payload = packb(Ext(4, b"\x91" + payload))
    with pytest.raises(DecodingError, match="MAX_DEPTH"):
        codec.decode(payload)
    for _ in range(1000):
        payload = packb(Ext(1, payload))
    with pytest.raises(DecodingError, match="inside an extension"):
        codec.decode(payload)


@each_codec
@pytest.mark.parametrize(
    "payload",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff\x01",
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\x7f\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x04",
        b"\xdd\x00\xff\xff\xff" * 60,
        crafted(9, 1 << 62, 1),
        crafted(11, 0, Ext(1, packb(b"\x7f" * 1000)), 1),
        whole(19, "1E+999999999999999999"),
    ],
)
def test_little_memory_is_taken_for_what_only_claims_to_be_large(
    codec: Codec, payload: bytes
) -> None:
    tracemalloc.start()
    decode_or_refuse(payload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000
