"""Orders: in which the items of a queue are taken. Each can take items back to where they were."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Sequence
from typing import Any

from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import DecodingError

__all__ = ["Fifo", "Lifo", "Ranked", "comparable"]

_codec = Codec(unknown="keep")


def comparable(item: bytes) -> Any:
    """Return the value of `item`, to be compared with others.

    Raises:
        TypeError: only clients can read it.
    """
    try:
        return _codec.decode(bytes(item))  # which may be `Tried`
    except DecodingError:
        raise TypeError("cannot order what only clients can read: sort with a key") from None


class Fifo(deque[bytes]):
    """First in, first out. `push` adds items, all or none; `take` removes and returns the next."""

    __slots__ = ()

    push = deque[bytes].extend
    take = deque[bytes].popleft

    def put_back(self, items: Sequence[bytes]) -> None:
        """Have `items`, in this order, be the next again."""
        self.extendleft(reversed(items))


class Lifo(Fifo):
    """Last in, first out."""

    __slots__ = ()

    take = deque[bytes].pop

    def put_back(self, items: Sequence[bytes]) -> None:
        """Have `items`, in this order, be the next again."""
        self.extend(reversed(items))


class _Rank:
    """An item and its place: by its value, and among equal values by when it came."""

    __slots__ = ("came", "item", "value")

    def __init__(self, value: Any, came: int, item: bytes) -> None:
        self.value = value
        self.came = came
        self.item = item

    def __lt__(self, other: _Rank) -> bool:
        # The list is kept in reverse, so that the next item is at its cheap end.
        if other.value < self.value:
            return True
        return not self.value < other.value and other.came < self.came


class Ranked:
    """Smallest first, as Python compares the values; equal ones first in, first out.

    A sorted list and no heap: a comparison that fails leaves it as it was.
    """

    __slots__ = ("_came_first", "_came_last", "_ranks")

    def __init__(self) -> None:
        self._ranks: list[_Rank] = []
        self._came_first = self._came_last = 0

    def push(self, items: list[bytes]) -> None:
        """Add items, all or none.

        Raises:
            TypeError: Python cannot compare one of them with the others.
        """
        new = _ranked(items, self._came_last)
        self._insert(new)
        self._came_last += len(new)

    def take(self) -> bytes:
        """Remove and return the smallest item."""
        return self._ranks.pop().item

    def put_back(self, items: Sequence[bytes]) -> None:
        """Take `items` back, to before their equals.

        What cannot be compared with that which has come meanwhile is the next: it has to be put
        somewhere, and here it came before all that is to come.
        """
        self._came_first -= len(items)
        ranks = _ranked(items, self._came_first)
        try:
            self._insert(ranks)
        except TypeError:
            self._ranks.extend(reversed(ranks))

    def clear(self) -> None:
        """Remove everything."""
        self._ranks.clear()

    def __len__(self) -> int:
        return len(self._ranks)

    def _insert(self, new: list[_Rank]) -> None:
        try:
            if len(new) == 1:
                insort(self._ranks, new[0])
            else:
                self._ranks = sorted(self._ranks + new)
        except TypeError:
            raise
        except Exception as error:  # values have their own reasons, as a signaling NaN
            raise TypeError(f"cannot order them: {error!r}") from error


def _ranked(items: Sequence[bytes], first: int) -> list[_Rank]:
    return [_Rank(comparable(item), came, item) for came, item in enumerate(items, first)]
