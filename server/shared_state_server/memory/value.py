"""A value in memory: an array of one item, so that C's rules are the array's."""

from __future__ import annotations

from typing import Any

from shared_state_protocol.typecodes import pack, pack_first, to_array, to_item

from .rlock import RLock

__all__ = ["Value"]


class Value(RLock):
    """Keeps the contract `shared_state_protocol.objects.Value`."""

    def __init__(self, typecode: str, value: Any = 0) -> None:
        super().__init__()
        self._typecode = typecode
        self._item = to_array(typecode, pack_first(typecode, value))

    def get(self) -> Any:
        return to_item(self._typecode, self._item[0])

    def set(self, value: Any) -> None:
        self._item = self._packed(value)

    def add(self, amount: Any) -> Any:
        if self._typecode in "cu":
            raise TypeError(f"a value of type code {self._typecode!r} is no number")
        self._item = self._packed(self._item[0] + amount)
        return self.get()

    def compare_and_set(self, old: Any, new: Any) -> bool:
        packed = self._packed(new)
        if self.get() != old:
            return False
        self._item = packed
        return True

    def typecode(self) -> str:
        return self._typecode

    def size(self) -> int:
        return 1

    def _packed(self, value: Any) -> Any:
        return to_array(self._typecode, pack(self._typecode, [value]))
