"""How large a value will be at the least, without encoding it.

To encode a gigabyte and then refuse it takes seconds, and three times its memory. The bulk of large
values is text and binary data, whose sizes are known. So what is too large is nearly always seen
before anything is copied: by one comparison where the value is such data itself, by a look at a few
items where it is a container. What escapes the look is refused once it is encoded.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import Any, cast

from .arrays import is_array
from .errors import LimitExceeded

__all__ = ["NO_LIMIT", "NUMBERS", "check_size", "too_large"]

NO_LIMIT = 1 << 62
"""In bytes; for an encoder that does not know yet what the other side reads."""

NUMBERS = frozenset({type(None), bool, int, float})
"""Types of values that are small, whatever they are."""

_LOOK = 4
"""So many items are looked at of a container: 0.3 µs. One large thing mostly travels with a few
small ones (an id, a name), or with its like."""

_LEVELS = 2
"""Of containers inside each other, for the same reason."""

_DATA: dict[type, Callable[[Any], int]] = {
    str: len,  # in UTF-8 a letter is one byte at the least
    bytes: len,
    bytearray: len,
    memoryview: lambda view: int(view.nbytes),
    array: lambda items: len(items) * int(items.itemsize),
}
_SEQUENCES = frozenset({list, tuple, set, frozenset})
_CONTAINERS = _SEQUENCES | {dict}


def check_size(value: object, limit: int) -> None:
    """Refuse a value of which can be told without much ado that it is over `limit` bytes.

    Raises:
        LimitExceeded: it is.
    """
    items = _items(value)
    size = _data(value) if items is None else _guess(items, _LEVELS)
    if size > limit and items is not None:
        size = _count(items, limit, _LEVELS)
    if size > limit:
        raise too_large(size, limit)


def too_large(size: int, limit: int) -> LimitExceeded:
    """Return what says that a request has so many bytes, or more."""
    return LimitExceeded(
        f"a request of {size} bytes or more is over this server's limit of {limit}: "
        "send it in parts"
    )


def _guess(items: Collection[object], levels: int) -> int:
    """Return how much data there would be if all items were like the first ones."""
    size = 0
    for each in islice(items, _LOOK):
        kind = type(each)
        if kind in NUMBERS:
            continue
        measure = _DATA.get(kind)
        if measure is not None:
            size += measure(each)
        elif kind in _CONTAINERS and levels > 1:
            size += _guess(_items(each) or (), levels - 1)
        elif is_array(each):
            size += _data(each)
    return size * len(items) // _LOOK if len(items) > _LOOK else size


def _count(items: Collection[object], limit: int, levels: int) -> int:
    """Return how much data there is in items, or in a part of them that is over the limit."""
    size = 0
    for each in items:
        inside = _items(each)
        if inside is None:
            size += _data(each)
        elif levels > 1:
            size += _count(inside, limit, levels - 1)
        if size > limit:
            break
    return size


def _items(value: object) -> Collection[object] | None:
    kind = type(value)
    if kind in _SEQUENCES:
        return cast("Collection[object]", value)
    if kind is dict:
        return cast("Mapping[object, object]", value).values()
    return None


def _data(value: object) -> int:
    measure = _DATA.get(type(value))
    if measure is not None:
        return measure(value)
    return int(cast("Any", value).nbytes) if is_array(value) else 0
