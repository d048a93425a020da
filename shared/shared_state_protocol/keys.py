"""Keys: what a dict is indexed by.

Theory
------
A key travels like a value, and a dict keeps the first spelling of it. What it is *found* by is its
canonical form: the encoding of one representative of all the keys that are equal to it in Python
and hash alike. ``1``, ``1.0``, ``True``, ``Decimal(1)`` and ``1+0j`` are one key because each of
them has the canonical form of ``1``. A canonical form is an encoded key itself, and its own
canonical form. Most keys, short ASCII text and small integers, are canonical as they come.

==============================  =================================================================
keys                            representative
==============================  =================================================================
bool int float complex          the int if there is one, else the float, else the Fraction of the
Decimal Fraction                exact value, else the complex number
tuple, slice                    that of the representatives
frozenset                       that of the representatives, in the order of their encodings
datetime, time with an offset   the same instant in UTC (near the ends of time: the last one that
                                can be written)
datetime, time without          the same fields, fold=0
timezone                        without a name
range                           the shortest stop for the same sequence
UUID                            without ``is_safe``
registered Enum or dataclass    that of the representatives of what it consists of
str bytes None date timedelta   itself
ZoneInfo, shared object
==============================  =================================================================

Where that is not quite what Python does:

* NaN is one key. To Python each NaN object is another one.
* A member of IntEnum or StrEnum is its own key, not that of its number or text.
* Dataclasses are equal if their classes and all their fields are, whatever ``__eq__`` says.
* A Decimal with more than `MAX_EXACT_DIGITS` (zeros included) equals other Decimals only.
* A local time that its zone repeats or skips is the instant of its first reading. (To Python it is
  equal to nothing in any other zone.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from ormsgpack import Ext, MsgpackEncodeError, packb, unpackb

from .arrays import plain_key
from .bounds import SIZES
from .codec import Codec, is_pickled
from .encoder import TEXT_HEADERS
from .errors import DecodingError, EncodingError, LimitExceeded
from .extensions import DATACLASS, DECIMAL, ENUM, FROZENSET, SLICE, TUPLE
from .limits import MAX_KEY_BYTES
from .placeholders import Opaque, Reference

__all__ = ["MAX_EXACT_DIGITS", "canonical", "encode_key", "key_encoder"]

MAX_EXACT_DIGITS = 2400
"""Digits of a Decimal that is brought into the form of an equal int, float or Fraction: 1 KiB of
them. ``Decimal("1E+999999999")`` would be an int of 415 MB."""

_SHORT_TEXT = 64
"""Characters of a text that is surely no key of too many bytes."""

_codec = Codec(unknown="keep")
_encode = _codec.encode

_AS_THEY_COME = frozenset(
    bytes((first,)) for first in (*range(0x80), *range(0xA0, 0xC1), *range(0xE0, 0x100))
)
"""First bytes of small integers, of text of up to 31 bytes, and of None."""

_INTEGERS = frozenset(bytes((first,)) for first in range(0xCC, 0xD4))
"""First bytes of integers of more than one byte."""

_BYTES_8, _TEXT_8 = 0xC4, 0xD9  # bytes and text whose length takes the next byte
_COUNTED = frozenset({bytes((_BYTES_8,)), bytes((_TEXT_8,))})
_BLOB = 2  # where their contents start
_UNCOUNTED = 31  # the longest text whose length is part of its first byte


def encode_key(key: object, codec: Codec) -> bytes:
    """Return the bytes that `key` travels as.

    Raises:
        TypeError: it is not hashable; what `hash` itself raises.
        EncodingError: it cannot travel, or only as a pickle, which nobody can compare.
        LimitExceeded: it takes more than `MAX_KEY_BYTES`.
    """
    kind = type(key)
    if kind is str or kind is int:
        payload = codec.encode(key)
        if len(payload) <= MAX_KEY_BYTES:
            return payload
    else:
        hash(key)
        payload = codec.encode(plain_key(key))
        if is_pickled(payload):
            raise EncodingError(
                f"a {kind.__module__}.{kind.__qualname__} can be stored as a pickle, but not be a "
                "key: pickles of equal objects may differ"
            )
    _check_size(payload)
    return payload


def key_encoder(codec: Codec) -> Callable[[object], bytes]:
    """Return `encode_key` for one codec, in half the time for integers and short text.

    What text becomes is not remembered: to write up to 31 letters takes 0.2 µs, to find them again
    half of that, and to have looked in vain twice as much, as whoever has many keys would.
    """

    def encode(key: object) -> bytes:
        if type(key) is str:
            if len(key) <= _UNCOUNTED and key.isascii():
                return TEXT_HEADERS[len(key)] + key.encode()
            if len(key) > _SHORT_TEXT:
                return encode_key(key, codec)
        elif type(key) is not int:
            return encode_key(key, codec)
        try:
            return packb(key)
        except MsgpackEncodeError:  # more than 64 bits, or half of a surrogate pair
            return encode_key(key, codec)

    return encode


def canonical(encoded: bytes) -> bytes:
    """Return the bytes that all keys equal to `encoded` have in common; `encoded` itself if it can.

    Raises:
        DecodingError: it is not an encoded value.
        EncodingError: it is the value of something that is not hashable.
        LimitExceeded: it takes more than `MAX_KEY_BYTES`.
    """
    first = encoded[:1]
    if first in _AS_THEY_COME and SIZES[encoded[0]] == len(encoded) and encoded[1:].isascii():
        return encoded  # text that is not ASCII must be valid UTF-8, which decoding finds out
    if first in _COUNTED and _is_canonical_blob(encoded):
        return encoded
    if first in _INTEGERS and SIZES[encoded[0]] == len(encoded):
        form = packb(unpackb(encoded))  # `_canonical`, at a fifth of its price
        return encoded if form == encoded else form
    _check_size(encoded)
    form = _canonical(_codec.decode(encoded))
    return encoded if form == encoded else form


def _check_size(encoded: bytes) -> None:
    if len(encoded) > MAX_KEY_BYTES:
        raise LimitExceeded(
            f"a key of {len(encoded):,} bytes; at most {MAX_KEY_BYTES:,} can be one (MAX_KEY_BYTES)"
        )


def _is_canonical_blob(encoded: bytes) -> bool:
    """Return whether `encoded` is nothing but bytes, or ASCII that had to be counted in a byte."""
    if len(encoded) < _BLOB or len(encoded) - _BLOB != encoded[1]:
        return False
    return encoded[0] == _BYTES_8 or (encoded[1] > _UNCOUNTED and encoded[_BLOB:].isascii())


def _canonical(key: object) -> bytes:
    """Return the encoding of the representative of `key`."""
    kind = type(key)
    form = _FORMS.get(kind)
    if form is None:
        raise EncodingError(f"unhashable type: {kind.__name__!r}")
    return form(key)


def _of_int(key: int) -> bytes:
    return _encode(int(key))  # int: of a bool


def _of_float(key: float) -> bytes:
    if math.isnan(key):
        return _encode(math.nan)  # there are many NaNs; this is always the same
    return _encode(int(key) if key.is_integer() else key)


def _of_fraction(key: Fraction) -> bytes:
    if key.denominator == 1:
        return _encode(key.numerator)
    try:
        approximate = key.numerator / key.denominator
    except OverflowError:
        return _encode(key)
    return _encode(approximate if Fraction(approximate) == key else key)


def _of_decimal(key: Decimal) -> bytes:
    if key.is_snan():
        raise EncodingError("a signaling NaN is not hashable")
    if not key.is_finite():
        return _of_float(float(key))
    sign, digits, exponent = key.as_tuple()
    assert isinstance(exponent, int)  # it is a letter only if the number is not finite
    written = "".join(map(str, digits))
    significant = written.rstrip("0")
    if not significant:
        return _encode(0)
    exponent += len(written) - len(significant)
    if len(significant) + abs(exponent) > MAX_EXACT_DIGITS:
        return _extension(DECIMAL, packb(f"{'-' * sign}{significant}E{exponent}"))
    return _of_fraction(Fraction(Decimal((sign, digits[: len(significant)], exponent))))


def _of_complex(key: complex) -> bytes:
    if key.imag == 0:
        return _of_float(key.real)
    return _encode(complex(_of_part(key.real), _of_part(key.imag)))


def _of_part(part: float) -> float:
    return math.nan if math.isnan(part) else part + 0.0  # -0.0 + 0.0 is 0.0


def _of_tuple(key: tuple[Any, ...]) -> bytes:
    return _extension(TUPLE, _array(map(_canonical, key)))


def _of_frozenset(key: frozenset[Any]) -> bytes:
    return _extension(FROZENSET, _array(sorted(set(map(_canonical, key)))))


def _of_slice(key: slice) -> bytes:
    return _extension(SLICE, _array(map(_canonical, (key.start, key.stop, key.step))))


def _of_range(key: range) -> bytes:
    distance = key.stop - key.start
    length = max(0, -(-distance // key.step))  # `len` is limited to what fits into memory
    if length == 0:
        return _encode(range(0))
    if length == 1:
        return _encode(range(key.start, key.start + 1))
    return _encode(range(key.start, key.start + length * key.step, key.step))


def _of_datetime(key: datetime) -> bytes:
    key = key.replace(fold=0)
    naive, offset = key.replace(tzinfo=None), key.utcoffset()
    if offset is None:
        return _encode(naive)
    return _encode(_in_utc(naive, offset, datetime.min, datetime.max))


def _of_time(key: time) -> bytes:
    naive, offset = key.replace(fold=0, tzinfo=None), key.utcoffset()
    if offset is None:
        return _encode(naive)
    first, last = (datetime.combine(date.min, end) for end in (time.min, time.max))
    return _encode(_in_utc(datetime.combine(date.min, naive), offset, first, last).timetz())


def _in_utc(naive: datetime, offset: timedelta, first: datetime, last: datetime) -> datetime:
    """Return the instant in UTC if it is from `first` to `last`, else as one of these in a zone."""
    if naive - first < offset:
        end = first
    elif last - naive < -offset:
        end = last
    else:
        return (naive - offset).replace(tzinfo=timezone.utc)
    return end.replace(tzinfo=timezone(end - naive + offset))


def _of_timezone(key: timezone) -> bytes:
    return _encode(timezone(key.utcoffset(None)))


def _of_uuid(key: UUID) -> bytes:
    return _encode(UUID(bytes=key.bytes))


def _of_opaque(key: Opaque) -> bytes:
    if key.tag not in (ENUM, DATACLASS):
        return _encode(key)
    body: object = _codec.decode(key.data)
    if (
        not isinstance(body, list)
        or len(cast("list[object]", body)) % 2 != (key.tag == DATACLASS)
        or not body
    ):
        raise DecodingError("not a value: an instance without its class, or without its parts")
    name, *parts = map(_canonical, cast("list[object]", body))
    if key.tag == DATACLASS:  # the fields in an order that does not depend on the class
        fields = sorted(zip(parts[::2], parts[1::2], strict=True))
        parts = [part for field in fields for part in field]
    return _extension(key.tag, _array([name, *parts]))


def _extension(tag: int, body: bytes) -> bytes:
    return packb(Ext(tag, body))


def _array(forms: Iterable[bytes]) -> bytes:
    forms = list(forms)
    header = packb([None] * len(forms))[: -len(forms) or None]  # each None is one byte
    return header + b"".join(forms)


_FORMS: dict[type, Callable[[Any], bytes]] = {
    bool: _of_int,
    int: _of_int,
    float: _of_float,
    complex: _of_complex,
    Decimal: _of_decimal,
    Fraction: _of_fraction,
    tuple: _of_tuple,
    frozenset: _of_frozenset,
    slice: _of_slice,
    range: _of_range,
    datetime: _of_datetime,
    time: _of_time,
    timezone: _of_timezone,
    UUID: _of_uuid,
    Opaque: _of_opaque,
    **dict.fromkeys((str, bytes, type(None), date, timedelta, ZoneInfo, Reference), _encode),
}
