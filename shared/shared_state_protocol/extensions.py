"""The extension types: what msgpack does not have, in terms of what it has.

Theory
------
Each type that msgpack lacks is one extension: a tag, and as its body one encoded value that is no
extension itself (what is *inside* it may be). The types are compared exactly, never with
`isinstance`: an instance of a subclass would come back as something else.

====  ============  ==================================================================
 tag  type          body
====  ============  ==================================================================
   1  int           bytes: two's complement, big-endian (only beyond 64 bits)
   2  str           bytes: UTF-8 with surrogates (only where there are surrogates)
   3  bytearray     bytes
   4  tuple         array of the items
   5  set           array of the items
   6  frozenset     array of the items
   7  dict          array of key, value, key, value, … (only if a key is not plain text)
   8  OrderedDict   array of key, value, key, value, …
   9  deque         array of maxlen and the items
  10  complex       array of real, imag
  11  range         array of start, stop, step
  12  slice         array of start, stop, step
  13  datetime      array of year, month, day, hour, minute, second, microsecond, fold, tzinfo
  14  date          array of year, month, day
  15  time          array of hour, minute, second, microsecond, fold, tzinfo
  16  timedelta     array of days, seconds, microseconds
  17  timezone      array of the offset and the name (nil if it has none of its own)
  18  ZoneInfo      text: the key
  19  Decimal       text, as `str` writes it
  20  Fraction      array of numerator, denominator
  21  UUID          array of the 16 bytes and the value of `is_safe`
  32  Enum          array of the registered name, and the member's name (of a Flag: its value)
  33  dataclass     array of the registered name, and field, value, field, value, …
  34  (reference)   array of the type's name, the object's name
  48  ndarray       array of dtype, shape, order, bytes (see `arrays`)
  49  numpy scalar  array of dtype, bytes or text
====  ============  ==================================================================

This module has those of the standard library. `registry` has 32 and 33, `arrays` 48 and 49, and the
codec itself 34. A tag is never given a second meaning.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

from .errors import DecodingError, EncodingError
from .limits import MAX_EQUAL_HASHES, MAX_NUMBER_BYTES

__all__ = [
    "ARRAY",
    "BUILDERS",
    "BYTEARRAY",
    "DATACLASS",
    "DECIMAL",
    "ENUM",
    "FRACTION",
    "FROZENSET",
    "INT",
    "REDUCERS",
    "REFERENCE",
    "SCALAR",
    "SLICE",
    "TUPLE",
    "Builders",
]

INT, BYTEARRAY, TUPLE, FROZENSET, SLICE, DECIMAL, FRACTION = 1, 3, 4, 6, 12, 19, 20
ENUM, DATACLASS, REFERENCE = 32, 33, 34
ARRAY, SCALAR = 48, 49

Builders = dict[int, "tuple[type, Callable[[Any], object]]"]


class _Extension(NamedTuple):
    """How one type travels."""

    tag: int
    kind: type
    reduce: Callable[[Any], object]  # a value of the kind -> its body
    body: type  # the type that a body has to have
    build: Callable[[Any], object]  # a body -> the value; whatever it raises means: not a value


def _int_body(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def _int(body: bytes) -> int:
    return int.from_bytes(body, "big", signed=True)


def _text_body(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogatepass")


def _distinct(items: list[Any]) -> list[Any]:
    """Return hashable items of which at most `MAX_EQUAL_HASHES` collide."""
    if len(items) > MAX_EQUAL_HASHES and len(items) - len(set(map(hash, items))) > MAX_EQUAL_HASHES:
        raise DecodingError(f"over {MAX_EQUAL_HASHES} equal hashes in one (MAX_EQUAL_HASHES)")
    return items


def _set(body: list[Any]) -> set[Any]:
    return set(_distinct(body))


def _frozenset(body: list[Any]) -> frozenset[Any]:
    return frozenset(_distinct(body))


def _flat(mapping: dict[Any, Any]) -> list[Any]:
    return [part for pair in mapping.items() for part in pair]


def _pairs(body: list[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(_distinct(body[::2]), body[1::2], strict=True)


def _dict(body: list[Any]) -> dict[Any, Any]:
    return dict(_pairs(body))


def _ordered_dict(body: list[Any]) -> OrderedDict[Any, Any]:
    return OrderedDict(_pairs(body))


def _deque_body(value: deque[Any]) -> list[Any]:
    return [value.maxlen, *value]


def _deque(body: list[Any]) -> deque[Any]:
    maxlen, *items = body
    return deque(items, maxlen)


def _complex_body(value: complex) -> list[Any]:
    return [value.real, value.imag]


def _complex(body: list[Any]) -> complex:
    real, imag = body
    return complex(real, imag)


def _range_body(value: range) -> list[Any]:
    return [int(value.start), int(value.stop), int(value.step)]  # int: they may be of a subclass


def _range(body: list[Any]) -> range:
    start, stop, step = body
    return range(start, stop, step)


def _slice_body(value: slice) -> list[Any]:
    return [value.start, value.stop, value.step]


def _slice(body: list[Any]) -> slice:
    start, stop, step = body
    return slice(start, stop, step)


# The constructors of date, time and datetime also take the bytes that pickle makes of them, without
# checking them. With each of the fields in its place they do not, so every builder unpacks them.


def _datetime_body(value: datetime) -> list[Any]:
    day = [value.year, value.month, value.day]
    return [*day, *_time_body(value)]


def _datetime(body: list[Any]) -> datetime:
    year, month, day, hour, minute, second, microsecond, fold, tz = body
    return datetime(year, month, day, hour, minute, second, microsecond, tz, fold=fold)


def _date_body(value: date) -> list[Any]:
    return [value.year, value.month, value.day]


def _date(body: list[Any]) -> date:
    year, month, day = body
    return date(year, month, day)


def _time_body(value: time | datetime) -> list[Any]:
    return [value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo]


def _time(body: list[Any]) -> time:
    hour, minute, second, microsecond, fold, tz = body
    return time(hour, minute, second, microsecond, tz, fold=fold)


def _timedelta_body(value: timedelta) -> list[Any]:
    return [value.days, value.seconds, value.microseconds]


def _timedelta(body: list[Any]) -> timedelta:
    days, seconds, microseconds = body
    return timedelta(days, seconds, microseconds)


def _timezone_body(value: timezone) -> list[Any]:
    offset, name = value.utcoffset(None), value.tzname(None)
    return [offset, None if name == timezone(offset).tzname(None) else name]


def _timezone(body: list[Any]) -> timezone:
    offset, name = body
    return timezone(offset) if name is None else timezone(offset, name)


def _zone_body(value: ZoneInfo) -> str:
    if type(value.key) is not str:
        raise EncodingError("a ZoneInfo that was read from a file has no key to send")
    return value.key


def _fraction_body(value: Fraction) -> list[Any]:
    if _is_huge(value.numerator) or _is_huge(value.denominator):
        raise EncodingError(f"a Fraction of over {MAX_NUMBER_BYTES} bytes (MAX_NUMBER_BYTES)")
    return [value.numerator, value.denominator]


def _fraction(body: list[Any]) -> Fraction:
    numerator, denominator = body
    if _is_huge(numerator) or _is_huge(denominator):
        raise DecodingError(f"a Fraction of over {MAX_NUMBER_BYTES} bytes (MAX_NUMBER_BYTES)")
    return Fraction(numerator, denominator)


def _is_huge(number: int) -> bool:
    return number.bit_length() > 8 * MAX_NUMBER_BYTES


def _uuid_body(value: UUID) -> list[Any]:
    return [value.bytes, value.is_safe.value]


def _uuid(body: list[Any]) -> UUID:
    raw, safe = body
    return UUID(bytes=raw, is_safe=SafeUUID(safe))


_EXTENSIONS = (
    _Extension(INT, int, _int_body, bytes, _int),
    _Extension(2, str, _text_body, bytes, _text),
    _Extension(BYTEARRAY, bytearray, bytes, bytes, bytearray),
    _Extension(TUPLE, tuple, list, list, tuple),
    _Extension(5, set, list, list, _set),
    _Extension(FROZENSET, frozenset, list, list, _frozenset),
    _Extension(7, dict, _flat, list, _dict),
    _Extension(8, OrderedDict, _flat, list, _ordered_dict),
    _Extension(9, deque, _deque_body, list, _deque),
    _Extension(10, complex, _complex_body, list, _complex),
    _Extension(11, range, _range_body, list, _range),
    _Extension(SLICE, slice, _slice_body, list, _slice),
    _Extension(13, datetime, _datetime_body, list, _datetime),
    _Extension(14, date, _date_body, list, _date),
    _Extension(15, time, _time_body, list, _time),
    _Extension(16, timedelta, _timedelta_body, list, _timedelta),
    _Extension(17, timezone, _timezone_body, list, _timezone),
    _Extension(18, ZoneInfo, _zone_body, str, ZoneInfo),
    _Extension(DECIMAL, Decimal, str, str, Decimal),
    _Extension(FRACTION, Fraction, _fraction_body, list, _fraction),
    _Extension(21, UUID, _uuid_body, list, _uuid),
)

REDUCERS = {extension.kind: (extension.tag, extension.reduce) for extension in _EXTENSIONS}
"""By its type, the tag of a value and what makes a body of it."""

BUILDERS: Builders = {extension.tag: (extension.body, extension.build) for extension in _EXTENSIONS}
"""By its tag, the type of a body and what makes a value of it."""
