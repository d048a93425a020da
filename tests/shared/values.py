"""Values: what the codec can carry, as Hypothesis strategies, and when two of them are the same.

`values` makes every type of the list in the design, nested; `keys` what of it is hashable. `same`
is stricter than ``==``: ``1`` is not ``True``, ``0.0`` is not ``-0.0``, and a NaN is a NaN.
"""

from __future__ import annotations

import dataclasses
import struct
from collections import OrderedDict, deque
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from fractions import Fraction
from typing import Any
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from shared_state_protocol.placeholders import Reference
from shared_state_protocol.registry import Registry

registry = Registry()


@registry.register
class Colour(Enum):
    RED = "r"
    BLUE = ["a", "list"]  # noqa: RUF012  # a member's value may be anything


@registry.register
class Level(IntEnum):
    LOW = 1
    HIGH = 2


@registry.register
class Right(Flag):
    READ = 1
    WRITE = 2
    BOTH = READ | WRITE
    RUN = 4


@registry.register(name="point")
@dataclasses.dataclass(frozen=True)
class Point:
    x: Any
    y: Any = 0


@registry.register
@dataclasses.dataclass(slots=True)
class Slotted:
    content: Any
    length: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.length = -1


ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC", "Africa/Monrovia")

text = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=40)
integers = st.integers() | st.integers().map(lambda number: number << 2000)
floats = st.floats(width=64)
fractions = st.fractions() | st.builds(Fraction, integers, integers.filter(bool))
decimals = st.decimals(allow_nan=True, allow_infinity=True)
timezones = st.builds(
    timezone,
    st.timedeltas(timedelta(hours=-24, microseconds=1), timedelta(hours=24, microseconds=-1)),
) | st.builds(timezone, st.sampled_from([timedelta(0), timedelta(hours=5)]), st.text(max_size=5))
zones = st.builds(ZoneInfo, st.sampled_from(ZONES))
tzinfos = st.none() | timezones | zones
folds = st.sampled_from([0, 1])
datetimes = st.builds(
    lambda moment, tz, fold: moment.replace(tzinfo=tz, fold=fold), st.datetimes(), tzinfos, folds
)
times = st.builds(
    lambda day, tz, fold: day.replace(tzinfo=tz, fold=fold), st.times(), tzinfos, folds
)
uuids = st.builds(UUID, int=st.integers(0, (1 << 128) - 1), is_safe=st.sampled_from(SafeUUID))
ranges = st.builds(range, integers, integers, integers.filter(bool))
references = st.builds(Reference, st.sampled_from(["dict", "queue"]), st.text(max_size=5))
members = st.sampled_from([*Colour, *Level, *Right, Right.READ | Right.RUN, Right(0)])

numbers = st.booleans() | integers | floats | st.complex_numbers() | fractions | decimals
scalars = (
    numbers
    | st.none()
    | text
    | st.binary(max_size=300)
    | ranges
    | datetimes
    | st.dates()
    | times
    | st.timedeltas()
    | timezones
    | zones
    | uuids
    | references
    | members
)


def _hashable_containers(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(items, max_size=3).map(tuple)
        | st.frozensets(items, max_size=3)
        | st.builds(Point, items, items)
    )


hashable_scalars = scalars.filter(lambda value: not (type(value) is Decimal and value.is_snan()))
keys: st.SearchStrategy[Any] = st.deferred(lambda: hashable_scalars | _hashable_containers(keys))


def _containers(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(items, max_size=4)
    return (
        some
        | some.map(tuple)
        | st.dictionaries(text, items, max_size=3)
        | st.dictionaries(keys, items, max_size=3)
        | st.dictionaries(keys, items, max_size=3).map(OrderedDict)
        | st.sets(keys, max_size=3)
        | st.frozensets(keys, max_size=3)
        | st.builds(deque, some, st.none() | st.integers(0, 6))
        | st.builds(slice, items, items, items)
        | st.builds(Point, items, items)
        | st.builds(Slotted, items)
    )


bytearrays = st.builds(bytearray, st.binary())
values: st.SearchStrategy[Any] = st.deferred(lambda: scalars | bytearrays | _containers(values))


def same(left: Any, right: Any) -> bool:
    """Return whether two values are of the same type and content, down to the last part."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return struct.pack("d", left) == struct.pack("d", right)
    if isinstance(left, (set, frozenset)):
        return len(left) == len(right) and all(_finds(each, right) for each in left)
    parts = _parts(left)
    if parts is None:
        return bool(left == right)
    return len(parts) == len(others := _parts(right) or []) and all(map(same, parts, others))


def _finds(wanted: Any, others: Iterable[Any]) -> bool:
    return any(same(wanted, each) for each in others)


def _parts(value: Any) -> list[Any] | None:
    """Return what a value consists of, in order; None if it is one piece."""
    for kind, parts in _PARTS.items():
        if isinstance(value, kind):
            return list(parts(value))
    return None


_PARTS: dict[type | tuple[type, ...], Any] = {
    (list, tuple): iter,
    dict: lambda value: [part for pair in value.items() for part in pair],
    deque: lambda value: [value.maxlen, *value],
    slice: lambda value: [value.start, value.stop, value.step],
    complex: lambda value: [value.real, value.imag],
    range: lambda value: [value.start, value.stop, value.step],
    datetime: lambda value: [value.date(), value.timetz()],
    date: lambda value: [value.year, value.month, value.day],
    time: lambda value: [value.isoformat(), value.fold, value.tzinfo],
    timezone: lambda value: [value.utcoffset(None), value.tzname(None)],
    ZoneInfo: lambda value: [value.key],
    Decimal: lambda value: [str(value)],
    UUID: lambda value: [value.bytes, value.is_safe.value],
    (Point, Slotted): lambda value: [
        getattr(value, field.name) for field in dataclasses.fields(value)
    ],
}
