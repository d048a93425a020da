"""List: a sequence that every client sees the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic

from ..contract import command, query, stream, waiting
from ..grants import Fence
from ..shapes import HERE, Agent, V

__all__ = ["List"]


class List(Generic[V]):
    """A sequence, as `list` is one: negative indices, slices with steps, IndexError beyond.

    Items that come out are copies: changing one changes nothing on the server until it is set
    again. Items are compared on the server as Python compares them.
    """

    @command
    def open(self) -> None:
        """Create the list if there is none of that name."""

    @query
    def get(self, index: int) -> V:
        """Return one item."""

    @command
    def set(self, index: int, value: V, *, fence: Fence = None) -> None:
        """Replace one item."""

    @command
    def delete(self, index: int, *, fence: Fence = None) -> None:
        """Remove one item."""

    @stream
    def get_slice(
        self, start: int | None = None, stop: int | None = None, step: int | None = None
    ) -> Iterator[V]:
        """Yield the items of a slice as they are now, whatever is written meanwhile."""

    @command
    def set_slice(
        self,
        start: int | None,
        stop: int | None,
        step: int | None,
        values: Iterable[V],
        *,
        fence: Fence = None,
    ) -> None:
        """Replace a slice; ValueError if it has a step and the sizes differ."""

    @command
    def delete_slice(
        self,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        *,
        fence: Fence = None,
    ) -> None:
        """Remove a slice."""

    @command
    def insert(self, index: int, value: V, *, fence: Fence = None) -> None:
        """Insert before `index`; beyond either end means at that end."""

    @command
    def append(self, value: V, *, fence: Fence = None) -> None:
        """Add one item at the end."""

    @command
    def extend(self, values: Iterable[V], *, fence: Fence = None) -> None:
        """Add items at the end, in one request and at once."""

    @command
    def repeat(self, times: int, *, fence: Fence = None) -> None:
        """Repeat the content `times` times, as ``*=`` does.

        LimitExceeded, and nothing is changed, if there would be more than MAX_REPEATED_ITEMS
        or MAX_REPEATED_BYTES.
        """

    @command
    def pop(self, index: int = -1, *, fence: Fence = None) -> V:
        """Remove and return one item."""

    @command
    def remove(self, value: V, *, fence: Fence = None) -> None:
        """Remove the first item equal to `value`; ValueError if there is none."""

    @query
    def index(self, value: V, start: int = 0, stop: int | None = None) -> int:
        """Return the position of the first item equal to `value`; ValueError if there is none."""

    @query
    def count(self, value: V) -> int:
        """Return the number of items equal to `value`."""

    @query
    def contains(self, value: V) -> bool:
        """Return whether some item equals `value`."""

    @command
    def compare_and_set(self, index: int, old: V, new: V, *, fence: Fence = None) -> bool:
        """Replace the item at `index` if it is `old`; return whether it was."""

    @waiting
    def hold(self, timeout: float | None = None, agent: Agent = HERE) -> bool:
        """Keep other holders of the list waiting until `let_go`; False if `timeout` was first.

        This is what `edit` does around its block. It keeps nobody from writing.
        """

    @command
    def let_go(self, agent: Agent = HERE) -> None:
        """End a `hold`; RuntimeError if the caller does not hold the list."""

    @command
    def reverse(self, *, fence: Fence = None) -> None:
        """Reverse the order in place."""

    @command
    def sort(self, reverse: bool = False, *, fence: Fence = None) -> None:
        """Sort in place, in the server; stable, and TypeError where Python cannot compare.

        decimal.InvalidOperation if there is a Decimal among the items that is no number.
        """

    @query
    def revision(self) -> int:
        """Return a number that every change of the list makes larger."""

    @command
    def rearrange(self, order: list[int], revision: int, *, fence: Fence = None) -> bool:
        """Put the items into a new order if the list still has that `revision`.

        `order` lists every present index once. Returns False, and changes nothing, if the list
        has changed since: this is how a sort by a key of the caller's loses no append.
        """

    @command
    def clear(self, *, fence: Fence = None) -> None:
        """Remove everything."""

    @query
    def size(self) -> int:
        """Return the number of items."""
