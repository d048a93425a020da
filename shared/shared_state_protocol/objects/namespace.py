"""Namespace: an object whose attributes every client sees the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic

from ..contract import command, query, stream
from ..grants import Fence
from ..shapes import V

__all__ = ["Namespace"]


class Namespace(Generic[V]):
    """Attributes, as `multiprocessing.managers.Namespace` has them."""

    @command
    def open(self) -> None:
        """Create the namespace if there is none of that name."""

    @query
    def get(self, attribute: str) -> V:
        """Return the value of an attribute; AttributeError if there is none."""

    @command
    def set(self, attribute: str, value: V, *, fence: Fence = None) -> None:
        """Set an attribute."""

    @command
    def delete(self, attribute: str, *, fence: Fence = None) -> None:
        """Remove an attribute; AttributeError if there is none."""

    @query
    def contains(self, attribute: str) -> bool:
        """Return whether there is such an attribute."""

    @query
    def size(self) -> int:
        """Return the number of attributes."""

    @stream
    def attributes(self) -> Iterator[tuple[str, V]]:
        """Yield the names and values of the attributes as they are now, in the order of setting."""
