"""Array, bound twice: indexing and slices for blocking callers, whole ranges as buffers for both.

Ranges travel packed and in one request, or in portions of `PORTION_BYTES` if they are very large.
Large ones of a blocking caller are sent from where they lie, and used where they were received.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from shared_state_protocol.grants import Grant
from shared_state_protocol.objects import Array as ArrayContract
from shared_state_protocol.shapes import Packed
from shared_state_protocol.typecodes import item_bytes, pack, pack_view, to_item, unpack, view
from shared_state_protocol.wire.large import LARGE_BYTES

from ..batch import known
from .entering import AsyncEntered, Entered
from .rlock import AsyncRLock, RLock

__all__ = ["Array", "AsyncArray"]

PORTION_BYTES = 16 * 1024 * 1024
"""Of a range in one request: a million doubles twice over, and far below the limit of a frame."""


def portions(indices: range, size: int) -> Iterator[range]:
    """Cut a range of indices into such whose items, `size` bytes each, fit into one request."""
    count = PORTION_BYTES // size
    for first in range(0, len(indices), count):
        yield indices[first : first + count]


def _joined(parts: list[Packed]) -> Packed:
    """Return the parts as one, without a copy if there is but one."""
    return parts[0] if len(parts) == 1 else b"".join(parts)


class Array(Entered, ArrayContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared array for blocking callers; as a context manager, it is its own lock."""

    def __getitem__(self, index: int | slice) -> Any:
        if not isinstance(index, slice):
            return self.get(index)
        code = self.typecode
        return unpack(code, _joined(list(self._read(self._range(index)))))

    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            self._write(self._range(index), pack_view(self.typecode, value))
        else:
            self.set(index, value)

    def __len__(self) -> int:
        self._length = known(self.size())
        return self._length

    def __iter__(self) -> Iterator[Any]:
        """Yield the items, in portions: what is written meanwhile may be among them."""
        code = self.typecode
        for packed in self._read(range(len(self))):
            for number in view(code, packed):
                yield to_item(code, number)

    @property
    def typecode(self) -> str:  # type: ignore[override]  # an attribute, as `array.array` has it
        """The type code, asked for once."""
        if self._code is None:
            self._code = str(known(ArrayContract.typecode(self)))
        return self._code

    _code: str | None = None
    _length: int | None = None  # asked for once, too, so that a slice is one request

    def read(self, out: Any = None) -> Any:
        """Return all items as a `memoryview` of their C type, which NumPy takes as it is.

        With `out`, a writable buffer of as many bytes (a NumPy array, an `array.array`), they are
        copied there and `out` is returned.
        """
        found = view(self.typecode, _joined(list(self._read(range(len(self))))))
        if out is None:
            return found
        memoryview(out).cast("B")[:] = found.cast("B")
        return out

    def write(self, items: Iterable[Any], start: int = 0, *, fence: Grant | None = None) -> None:
        """Replace the items from `start` on."""
        data = pack_view(self.typecode, items)
        end = start + len(data) // item_bytes(self.typecode)
        self._write(range(start, end), data, fence)

    def add(self, indices: range | slice, amount: Any, *, fence: Grant | None = None) -> None:
        """Add a number to every item of a range, or to each its own of an iterable, in place."""
        place = self._range(indices) if isinstance(indices, slice) else indices
        start, stop, step = place.start, place.stop, place.step
        if isinstance(amount, Iterable):
            self.add_packed(start, stop, step, pack(self.typecode, amount), fence=fence)
        else:
            self.add_to_each(start, stop, step, amount, fence=fence)

    def get_lock(self) -> RLock:
        """Return the lock of the array."""
        return RLock(self.name, self.client)

    def __str__(self) -> str:
        return repr(self[:])

    def _range(self, index: slice) -> range:
        return range(*index.indices(len(self) if self._length is None else self._length))

    def _read(self, indices: range) -> Iterator[Packed]:
        size = item_bytes(self.typecode)
        for each in portions(indices, size):
            place = each.start, each.stop, each.step
            if len(each) * size < LARGE_BYTES:
                yield self.get_packed(*place)
            else:
                yield self.client.call_large(ArrayContract.get_packed, self.name, place)

    def _write(self, indices: range, data: memoryview, fence: Grant | None = None) -> None:
        size = item_bytes(self.typecode)
        if len(data) != len(indices) * size:
            raise ValueError(
                f"an array keeps its length: {len(data) // size} items for {len(indices)}"
            )
        position = 0
        for each in portions(indices, size):
            end = position + len(each) * size
            place = each.start, each.stop, each.step
            if end - position < LARGE_BYTES or fence is not None:  # which stands behind the data
                self.set_packed(*place, data[position:end], fence=fence)
            else:
                arguments = *place, data[position:end]
                self.client.call_large(ArrayContract.set_packed, self.name, arguments)
            position = end


class AsyncArray(AsyncEntered, ArrayContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared array for awaiting callers; as an async context manager, it is its own lock."""

    async def read(self) -> memoryview:
        """Return all items as a `memoryview` of their C type, which NumPy takes as it is."""
        code = await self.typecode()
        indices = range(await self.size())
        data = [
            await self.get_packed(each.start, each.stop, each.step)
            for each in portions(indices, item_bytes(code))
        ]
        return view(code, _joined(data))

    async def write(
        self, items: Iterable[Any], start: int = 0, *, fence: Grant | None = None
    ) -> None:
        """Replace the items from `start` on."""
        code = await self.typecode()
        size, data = item_bytes(code), pack(code, items)
        indices = range(start, start + len(data) // size)
        for each in portions(indices, size):
            first = (each.start - start) * size
            packed = data[first : first + len(each) * size]
            await self.set_packed(each.start, each.stop, each.step, packed, fence=fence)

    async def add(self, indices: range | slice, amount: Any, *, fence: Grant | None = None) -> None:
        """Add a number to every item of a range, or to each its own of an iterable, in place."""
        if isinstance(indices, slice):
            indices = range(*indices.indices(await self.size()))
        start, stop, step = indices.start, indices.stop, indices.step
        if isinstance(amount, Iterable):
            packed = pack(await self.typecode(), amount)
            await self.add_packed(start, stop, step, packed, fence=fence)
        else:
            await self.add_to_each(start, stop, step, amount, fence=fence)

    def get_lock(self) -> AsyncRLock:
        """Return the lock of the array."""
        return AsyncRLock(self.name, self.client)
