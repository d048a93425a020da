"""Set: a set that every client sees the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic

from ..contract import command, query, stream
from ..grants import Fence
from ..shapes import K

__all__ = ["Set"]


class Set(Generic[K]):
    """A set in insertion order. Elements are hashable, and equal when Python says so."""

    @command
    def open(self) -> None:
        """Create the set if there is none of that name."""

    @command
    def add(self, element: K, *, fence: Fence = None) -> None:
        """Add an element if it is not there."""

    @command
    def discard(self, element: K, *, fence: Fence = None) -> None:
        """Remove an element if it is there."""

    @command
    def remove(self, element: K, *, fence: Fence = None) -> None:
        """Remove an element; KeyError if it is not there."""

    @command
    def pop(self, *, fence: Fence = None) -> K:
        """Remove and return the oldest element; KeyError if the set is empty."""

    @command
    def clear(self, *, fence: Fence = None) -> None:
        """Remove everything."""

    @command
    def update(self, elements: Iterable[K], *, fence: Fence = None) -> None:
        """Add every element of an iterable, in one request and at once."""

    @command
    def difference_update(self, elements: Iterable[K], *, fence: Fence = None) -> None:
        """Remove every element of an iterable, in one request and at once."""

    @command
    def intersection_update(self, elements: Iterable[K], *, fence: Fence = None) -> None:
        """Keep only what is in an iterable too, in one request and at once."""

    @command
    def symmetric_difference_update(self, elements: Iterable[K], *, fence: Fence = None) -> None:
        """Keep what is either in the set or in an iterable, in one request and at once."""

    @query
    def contains(self, element: K) -> bool:
        """Return whether an element is there."""

    @query
    def issuperset(self, elements: Iterable[K]) -> bool:
        """Return whether every element of an iterable is there."""

    @query
    def issubset(self, elements: Iterable[K]) -> bool:
        """Return whether everything that is there is in an iterable."""

    @query
    def isdisjoint(self, elements: Iterable[K]) -> bool:
        """Return whether no element of an iterable is there."""

    @query
    def size(self) -> int:
        """Return the number of elements."""

    @stream
    def elements(self) -> Iterator[K]:
        """Yield the elements as they are now, in insertion order."""
