"""Dict: a mapping that every client sees the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic

from ..contract import command, query, stream, waiting
from ..grants import Fence
from ..shapes import HERE, REQUIRED, Agent, D, K, Pairs, V

__all__ = ["Dict"]

A_STORED_NONE: Any = None
"""What `setdefault` stores if nothing is given: a value like any other, not nil."""


class Dict(Generic[K, V]):
    """A mapping in insertion order, as `dict` is one.

    Values that come out are copies: changing one changes nothing on the server until it is set
    again. Keys are equal when Python says so: ``1``, ``1.0`` and ``True`` are one key, and the
    first that was written is the one that iteration shows.
    """

    @command
    def open(self) -> None:
        """Create the dict if there is none of that name."""

    @query
    def __getitem__(self, key: K) -> V:
        """Return the value of `key`; KeyError if there is none."""

    @query
    def get(self, key: K, default: D | None = None) -> V | D | None:
        """Return the value of `key`, or `default`, which never leaves the caller."""

    @command
    def set(self, key: K, value: V, *, fence: Fence = None) -> None:
        """Store `value` under `key`."""

    @command
    def delete(self, key: K, *, fence: Fence = None) -> None:
        """Remove `key`; KeyError if there is none."""

    @command
    def setdefault(self, key: K, default: V = A_STORED_NONE, *, fence: Fence = None) -> V:
        """Store `default` under `key` if there is none; return the value that is there now."""

    @command
    def pop(self, key: K, default: D = REQUIRED, *, fence: Fence = None) -> V | D:
        """Remove `key` and return its value; without a `default`, KeyError if there is none."""

    @command
    def popitem(self, *, fence: Fence = None) -> tuple[K, V]:
        """Remove and return the newest pair; KeyError if the dict is empty."""

    @command
    def update(self, other: Pairs[K, V], *, fence: Fence = None) -> None:
        """Store every pair of a mapping or an iterable, in one request and at once."""

    @command
    def add(self, key: K, amount: V, *, fence: Fence = None) -> V:
        """Add a number to the number under `key`, or to 0, and return the sum.

        TypeError if one of the two is no number; else what Python raises where it cannot add them.
        """

    @command
    def compare_and_set(self, key: K, old: V, new: V, *, fence: Fence = None) -> bool:
        """Store `new` under `key` if `old` is there; return whether it was."""

    @waiting
    def hold(self, key: K, timeout: float | None = None, agent: Agent = HERE) -> bool:
        """Keep other holders of `key` waiting until `let_go`; False if `timeout` was first.

        This is what `edit` does around its block. It keeps nobody from writing.
        """

    @command
    def let_go(self, key: K, agent: Agent = HERE) -> None:
        """End a `hold`; RuntimeError if the caller does not hold `key`."""

    @command
    def clear(self, *, fence: Fence = None) -> None:
        """Remove everything."""

    @query
    def contains(self, key: K) -> bool:
        """Return whether `key` is there."""

    @query
    def size(self) -> int:
        """Return the number of pairs."""

    @stream
    def keys(self) -> Iterator[K]:
        """Yield the keys as they are now, in insertion order, whatever is written meanwhile."""

    @stream
    def values(self) -> Iterator[V]:
        """Yield the values as they are now, in insertion order, whatever is written meanwhile."""

    @stream
    def items(self) -> Iterator[tuple[K, V]]:
        """Yield the pairs as they are now, in insertion order, whatever is written meanwhile."""
