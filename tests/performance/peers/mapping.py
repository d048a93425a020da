"""What all mappings have in common that set and get a key: the work that is done with them."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from tests.performance.peers import KEY, LARGE_KEY, VALUE, Operation

DOUBLE_BYTES = 8

SetAndGet = tuple[Callable[[str, Any], object], Callable[[str], Any]]


class HasMapping(ABC):
    """A peer with a shared mapping."""

    @abstractmethod
    def mapping(self, address: Any) -> SetAndGet:
        """Connect; return what sets a key to a value, and what gets the value of a key."""

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        put, get = self.mapping(address)
        return (functools.partial(put, KEY, VALUE), functools.partial(get, KEY))

    def set_and_get_large(self, address: Any, size: int) -> Sequence[Operation]:
        put, get = self.mapping(address)
        return (functools.partial(put, LARGE_KEY, bytes(size)), functools.partial(get, LARGE_KEY))


class KeepsArraysAsBytes(HasMapping):
    """A peer that has no arrays: users keep the bytes of one as a value, and read all of it."""

    def read_array(self, address: Any, length: int) -> Sequence[Operation]:
        put, get = self.mapping(address)
        put(LARGE_KEY, bytes(DOUBLE_BYTES * length))
        return (lambda: array("d", get(LARGE_KEY)),)

    def slice_array(self, address: Any, length: int) -> Sequence[Operation]:
        put, get = self.mapping(address)
        put(LARGE_KEY, bytes(DOUBLE_BYTES * length))
        return (lambda: array("d", get(LARGE_KEY)).tolist(),)
