"""A dict in memory: canonical key bytes to value bytes.

The canonical form of nearly every key is its own encoding. The few keys that were first written
another way (``1.0`` for ``1``) are remembered in `_spelled`, so that a plain key costs one entry.
"""

from __future__ import annotations

from numbers import Number
from typing import Any

from shared_state_protocol.codec import Codec, equal
from shared_state_protocol.keys import canonical

from ..lane import OwnerFields
from ..streams import Pairs
from ..waiting import Call
from .holds import Holds

__all__ = ["Dict"]


_codec = Codec(unknown="keep")


class Dict:
    """Keeps the contract `shared_state_protocol.objects.Dict`."""

    __slots__ = ("_data", "_holds", "_spelled")

    def __init__(self) -> None:
        self._data: dict[bytes, bytes] = {}
        self._spelled: dict[bytes, bytes] = {}
        self._holds = Holds()

    def __getitem__(self, key: bytes) -> bytes:
        value = self.get(key, default=False)
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: bytes, default: bool) -> bytes | None:
        found = self._data.get(key)  # whatever is there is canonical: no need to make it so
        return self._data.get(canonical(key)) if found is None else found

    def set(self, key: bytes, value: bytes) -> None:
        self._data[key if key in self._data else self._place(key)] = value

    def delete(self, key: bytes) -> None:
        self.pop(key, default=False)

    def setdefault(self, key: bytes, default: bytes) -> bytes:
        return self._data.setdefault(self._place(key), default)

    def pop(self, key: bytes, default: bool) -> bytes | None:
        place = canonical(key)
        value = self._data.pop(place, None)
        if value is None and not default:
            raise KeyError(key)
        self._spelled.pop(place, None)
        return value

    def popitem(self) -> tuple[bytes, bytes]:
        if not self._data:
            raise KeyError("popitem(): dictionary is empty")
        place, value = self._data.popitem()
        return self._spelled.pop(place, place), value

    def update(self, other: list[list[bytes]]) -> None:
        data = self._data
        places = [key if key in data else canonical(key) for key, _ in other]
        for place, (key, value) in zip(places, other, strict=True):
            if place is not key:
                self._spell(place, key)
            data[place] = value

    def add(self, key: bytes, amount: bytes) -> bytes:
        current = self._data.get(canonical(key))
        present = 0 if current is None else _number(current)
        total = _codec.encode(present + _number(amount))
        self.set(key, total)
        return total

    def compare_and_set(self, key: bytes, old: bytes, new: bytes) -> bool:
        current = self._data.get(canonical(key))
        if current is None or not equal(current, old, _codec):
            return False
        self.set(key, new)
        return True

    def hold(self, call: Call, key: bytes, timeout: float | None, agent: int) -> object:
        return self._holds.take(call, canonical(key), timeout, agent)

    def let_go(self, call: Call, key: bytes, agent: int) -> None:
        self._holds.give(call, canonical(key), agent)

    def clear(self) -> None:
        self._data.clear()
        self._spelled.clear()

    def contains(self, key: bytes) -> bool:
        return canonical(key) in self._data

    def size(self) -> int:
        return len(self._data)

    def owners(self, now: float) -> list[OwnerFields]:
        return self._holds.owners(now)

    def waiters(self) -> int:
        return self._holds.waiters()

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits: the object is being deleted."""
        self._holds.fail_all(error)

    def keys(self) -> list[bytes]:
        if not self._spelled:
            return list(self._data)
        return [self._spelled.get(place, place) for place in self._data]

    def values(self) -> list[bytes]:
        return list(self._data.values())

    def items(self) -> Pairs:
        return Pairs(tuple(self.keys()), tuple(self._data.values()))

    def _place(self, key: bytes) -> bytes:
        place = canonical(key)
        if place is not key:
            self._spell(place, key)
        return place

    def _spell(self, place: bytes, key: bytes) -> None:
        if place != key and place not in self._data:
            self._spelled[place] = key


def _number(value: bytes) -> Any:
    number = _codec.decode(value)
    if not isinstance(number, Number):
        raise TypeError(f"can only add numbers, not {type(number).__name__}")
    return number
