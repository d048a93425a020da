"""An array in memory: an `array.array`, which has C's types and ranges already."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Sized
from typing import Any

from shared_state_protocol.errors import LimitExceeded
from shared_state_protocol.limits import MAX_FRAME_BYTES
from shared_state_protocol.typecodes import (
    check_code,
    check_items,
    item_bytes,
    pack,
    to_array,
    to_item,
    view,
)

from .rlock import RLock

__all__ = ["Array"]

MAX_ARRAY_BYTES = 1 << 28
"""One request can ask for an array of any length; this is what it can take of the memory, and of
everybody's time: 32 million doubles are some 0.1 s, in which the system finds the pages."""

MAX_ADDED_ITEMS = 1_000_000
"""Of one sum over a range, which is atomic and so cannot be cut: some 0.1 s, and 40 MB meanwhile
for the numbers that Python makes of them."""


class Array(RLock):
    """Keeps the contract `shared_state_protocol.objects.Array`."""

    def __init__(self, typecode: str, length: int = 0, initial: bytes = b"") -> None:
        super().__init__()
        check_code(typecode)
        size = item_bytes(typecode)
        if length < 0 or length * size > MAX_ARRAY_BYTES:
            raise LimitExceeded(f"an array has 0 to {MAX_ARRAY_BYTES // size} items of this type")
        check_items(typecode, initial)
        self._typecode = typecode
        self._items = (
            to_array(typecode, initial) if initial else to_array(typecode, bytes(size)) * length
        )

    def get(self, index: int) -> Any:
        return to_item(self._typecode, self._items[index])

    def set(self, index: int, value: Any) -> None:
        self._items[index] = to_array(self._typecode, pack(self._typecode, [value]))[0]

    def get_packed(self, start: int, stop: int, step: int) -> bytes:
        found = memoryview(self._items)[self._place(start, stop, step)]
        if found.nbytes > MAX_FRAME_BYTES // 2:
            raise LimitExceeded(f"a reply has at most {MAX_FRAME_BYTES // 2} bytes of an array")
        return pack(self._typecode, found)

    def set_packed(self, start: int, stop: int, step: int, data: bytes | memoryview) -> None:
        self._replace(self._place(start, stop, step), self._unpacked(data))

    def add_to_each(self, start: int, stop: int, step: int, amount: Any) -> None:
        place = self._place_of_sum(start, stop, step)
        found = self._numbers()[place]
        self._replace(place, memoryview(array(found.typecode, [item + amount for item in found])))

    def add_packed(self, start: int, stop: int, step: int, data: bytes | memoryview) -> None:
        place = self._place_of_sum(start, stop, step)
        found, more = self._numbers()[place], self._unpacked(data)
        _refuse_other_length(found, more)
        self._replace(place, memoryview(array(found.typecode, map(operator.add, found, more))))

    def size(self) -> int:
        return len(self._items)

    def typecode(self) -> str:
        return self._typecode

    def _place(self, start: int, stop: int, step: int) -> slice:
        """Return the slice of a range of indices, of which none is negative."""
        indices = range(start, stop, step)
        if not indices:
            return slice(0, 0)
        if min(indices[0], indices[-1]) < 0 or max(indices[0], indices[-1]) >= len(self._items):
            raise IndexError("array index out of range")
        return slice(start, None if stop < 0 else stop, step)

    def _place_of_sum(self, start: int, stop: int, step: int) -> slice:
        if len(range(start, stop, step)) > MAX_ADDED_ITEMS:
            raise LimitExceeded(
                f"a sum is over at most {MAX_ADDED_ITEMS:,} items (MAX_ADDED_ITEMS), since it is "
                f"atomic: add to parts of the range"
            )
        return self._place(start, stop, step)

    def _unpacked(self, data: bytes | memoryview) -> memoryview:
        if len(data) % self._items.itemsize:
            raise ValueError(f"{len(data)} bytes are no whole number of items")
        check_items(self._typecode, data)
        return view(self._typecode, data)

    def _numbers(self) -> array[Any]:
        if self._typecode in "cu":
            raise TypeError(f"items of type code {self._typecode!r} are no numbers")
        return self._items

    def _replace(self, place: slice, items: memoryview) -> None:
        found = memoryview(self._items)[place]
        _refuse_other_length(found, items)
        found[:] = items


def _refuse_other_length(found: Sized, items: Sized) -> None:
    if len(found) != len(items):
        raise ValueError(f"an array keeps its length: {len(items)} items for {len(found)}")
