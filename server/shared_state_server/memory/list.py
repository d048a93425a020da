"""A list in memory: the encoded items, decoded only where they have to be compared."""

from __future__ import annotations

from shared_state_protocol.codec import Codec, equal, matcher
from shared_state_protocol.errors import LimitExceeded
from shared_state_protocol.limits import MAX_FRAME_BYTES

from ..lane import OwnerFields
from ..waiting import Call
from .holds import Holds
from .ordering import comparable

__all__ = ["List"]

MAX_REPEATED_ITEMS = 1_000_000
"""Of a list after `repeat`: as many as one message may bring. One small request could ask for any
number, and whoever counts or sorts them then goes through all, some 0.1 s."""

MAX_REPEATED_BYTES = MAX_FRAME_BYTES
"""Of the payloads of the same, as many as one message may bring, too: repeated, they take no more
memory, but each comparison in `sort` may go through two of them."""

_codec = Codec(unknown="keep")


class List:
    """Keeps the contract `shared_state_protocol.objects.List`."""

    __slots__ = ("_holds", "_items", "_revision")

    def __init__(self) -> None:
        self._items: list[bytes] = []
        self._revision = 0
        self._holds = Holds()

    def get(self, index: int) -> bytes:
        return self._items[index]

    def set(self, index: int, value: bytes) -> None:
        self._items[index] = value
        self._revision += 1

    def delete(self, index: int) -> None:
        del self._items[index]
        self._revision += 1

    def get_slice(self, start: int | None, stop: int | None, step: int | None) -> list[bytes]:
        return self._items[start:stop:step]

    def set_slice(
        self, start: int | None, stop: int | None, step: int | None, values: list[bytes]
    ) -> None:
        self._items[start:stop:step] = values
        self._revision += 1

    def delete_slice(self, start: int | None, stop: int | None, step: int | None) -> None:
        del self._items[start:stop:step]
        self._revision += 1

    def insert(self, index: int, value: bytes) -> None:
        self._items.insert(index, value)
        self._revision += 1

    def append(self, value: bytes) -> None:
        self._items.append(value)
        self._revision += 1

    def extend(self, values: list[bytes]) -> None:
        self._items.extend(values)
        self._revision += 1

    def repeat(self, times: int) -> None:
        self.check_repeating(times)
        self._items *= times
        self._revision += 1

    def check_repeating(self, times: int) -> None:
        """Refuse to repeat the items beyond what one message may bring.

        Raises:
            LimitExceeded: there would be too many.
        """
        items = self._items
        if times < 2:
            return
        if len(items) * times > MAX_REPEATED_ITEMS:
            raise LimitExceeded(
                f"a list is repeated to at most {MAX_REPEATED_ITEMS:,} items (MAX_REPEATED_ITEMS)"
            )
        if sum(map(len, items)) * times > MAX_REPEATED_BYTES:
            raise LimitExceeded(
                f"a list is repeated to at most {MAX_REPEATED_BYTES:,} bytes (MAX_REPEATED_BYTES)"
            )

    def pop(self, index: int) -> bytes:
        item = self._items.pop(index)
        self._revision += 1
        return item

    def remove(self, value: bytes) -> None:
        del self._items[self._find(value, 0, len(self._items), "list.remove(x): x not in list")]
        self._revision += 1

    def index(self, value: bytes, start: int, stop: int | None) -> int:
        first, last, _ = slice(start, stop).indices(len(self._items))
        return self._find(value, first, last, "list.index(x): x not in list")

    def count(self, value: bytes) -> int:
        return sum(map(matcher(value, _codec), self._items))

    def contains(self, value: bytes) -> bool:
        return any(map(matcher(value, _codec), self._items))

    def compare_and_set(self, index: int, old: bytes, new: bytes) -> bool:
        if not equal(self._items[index], old, _codec):
            return False
        self.set(index, new)
        return True

    def hold(self, call: Call, timeout: float | None, agent: int) -> object:
        return self._holds.take(call, None, timeout, agent)

    def let_go(self, call: Call, agent: int) -> None:
        self._holds.give(call, None, agent)

    def reverse(self) -> None:
        self._items.reverse()
        self._revision += 1

    def sort(self, reverse: bool) -> None:
        # Repeated items are the same object: each is decoded once, and its value there once.
        distinct = {id(item): item for item in self._items}
        values = {known: comparable(item) for known, item in distinct.items()}
        self._items = sorted(self._items, key=lambda item: values[id(item)], reverse=reverse)
        self._revision += 1

    def revision(self) -> int:
        return self._revision

    def rearrange(self, order: list[int], revision: int) -> bool:
        if revision != self._revision:
            return False
        if sorted(order) != list(range(len(self._items))):
            raise ValueError("the new order has to name every index once")
        self._items = [self._items[index] for index in order]
        self._revision += 1
        return True

    def clear(self) -> None:
        self._items.clear()
        self._revision += 1

    def size(self) -> int:
        return len(self._items)

    def owners(self, now: float) -> list[OwnerFields]:
        return self._holds.owners(now)

    def waiters(self) -> int:
        return self._holds.waiters()

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the object is being deleted."""
        self._holds.fail_all(error)

    def _find(self, value: bytes, first: int, last: int, missing: str) -> int:
        matches = matcher(value, _codec)
        for position in range(first, last):
            if matches(self._items[position]):
                return position
        raise ValueError(missing)
