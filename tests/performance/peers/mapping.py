"""What all mappings have in common that set and get a key: the work that is done with them."""

from __future__ import annotations

import functools
import itertools
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from tests.performance.peers import LARGE_KEY, PAIRS, Operation

DOUBLE_BYTES = 8

T = TypeVar("T")

SetAndGet = tuple[Callable[[str, Any], object], Callable[[str], Any]]


def in_pairs(
    put: Callable[[str, str], T], get: Callable[[str], T]
) -> tuple[Callable[[], T], Callable[[], T]]:
    """Return one operation that sets the next of PAIRS, and one that gets it."""
    setting, getting = itertools.cycle(PAIRS), itertools.cycle(PAIRS)

    def put_next() -> T:
        key, value = next(setting)
        return put(key, value)

    def get_next() -> T:
        key, _ = next(getting)
        return get(key)

    return put_next, get_next


def portions(size: int) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield what the batches of `size` requests set and get, one after the other, for ever."""
    pairs = itertools.cycle(PAIRS)
    while True:
        yield tuple(itertools.islice(pairs, size // 2))


class HasMapping(ABC):
    """A peer with a shared mapping."""

    @abstractmethod
    def mapping(self, address: Any) -> SetAndGet:
        """Connect; return what sets a key to a value, and what gets the value of a key."""

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        return in_pairs(*self.mapping(address))

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
