"""List, bound twice: a `MutableSequence` for blocking callers, operations for awaiting ones."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, MutableSequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, overload

from shared_state_protocol.grants import Grant
from shared_state_protocol.objects import List as ListContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy
from .editing import edit, edit_async

__all__ = ["AsyncList", "List"]


class List(ListContract[V], Proxy, MutableSequence[V]):
    """A shared list for blocking callers: a `MutableSequence`, and what else `list` can do."""

    @overload
    def __getitem__(self, index: int) -> V: ...
    @overload
    def __getitem__(self, index: slice) -> list[V]: ...
    def __getitem__(self, index: int | slice) -> V | list[V]:
        if isinstance(index, slice):
            return list(self.get_slice(*_bounds(index)))
        return self.get(_near(index))

    @overload
    def __setitem__(self, index: int, value: V) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[V]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            self.set_slice(*_bounds(index), value)
        else:
            self.set(_near(index), value)

    def __delitem__(self, index: int | slice) -> None:
        if isinstance(index, slice):
            self.delete_slice(*_bounds(index))
        else:
            self.delete(_near(index))

    def __len__(self) -> int:
        return self.size()

    def __iter__(self) -> Iterator[V]:
        return self.get_slice()

    def __reversed__(self) -> Iterator[V]:
        return self.get_slice(None, None, -1)

    def __contains__(self, value: object) -> bool:
        return self.contains(value)  # type: ignore[arg-type]  # `in` may be asked about anything

    def __iadd__(self, values: Iterable[V]) -> List[V]:
        self.extend(values)
        return self

    def __imul__(self, times: int) -> List[V]:
        self.repeat(times)
        return self

    def __add__(self, other: Iterable[V]) -> list[V]:
        return self.copy() + other.copy() if isinstance(other, (list, List)) else NotImplemented

    def __radd__(self, other: list[V]) -> list[V]:
        return other + self.copy() if isinstance(other, list) else NotImplemented

    def __mul__(self, times: int) -> list[V]:
        return self.copy() * times

    __rmul__ = __mul__

    def sort(  # type: ignore[override]  # and `key`
        self,
        *,
        key: Callable[[V], Any] | None = None,
        reverse: bool = False,
        fence: Grant | None = None,
    ) -> None:
        """Sort in place, in the server; with a `key`, by one that is computed here.

        With a `key` the items are fetched, and rearranged if the list is still the same by then;
        else again. So no change that somebody makes meanwhile is lost.
        """
        if key is None:
            ListContract.sort(self, reverse, fence=fence)
            return
        while True:
            revision = self.revision()
            order = _order([key(item) for item in self], reverse)
            if self.rearrange(order, revision, fence=fence):
                return

    def copy(self) -> list[V]:
        """Return what is there now as a plain list."""
        return list(self.get_slice())  # `list(self)` would ask for the size, too

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, List)):
            return NotImplemented
        return self.copy() == other.copy()

    def __lt__(self, other: list[V] | List[V]) -> bool:
        return self.copy() < other.copy() if isinstance(other, (list, List)) else NotImplemented

    def __le__(self, other: list[V] | List[V]) -> bool:
        return self.copy() <= other.copy() if isinstance(other, (list, List)) else NotImplemented

    def __gt__(self, other: list[V] | List[V]) -> bool:
        return self.copy() > other.copy() if isinstance(other, (list, List)) else NotImplemented

    def __ge__(self, other: list[V] | List[V]) -> bool:
        return self.copy() >= other.copy() if isinstance(other, (list, List)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as `list`

    def __str__(self) -> str:
        return repr(self.copy())

    def edit(self, index: int, *, fence: Grant | None = None) -> AbstractContextManager[V]:
        """Return a block in which one item may be changed; see `editing`.

        Four round trips; three if nothing is changed. IndexError if there is no such item.
        """
        return edit(
            self.client.codec,
            self.hold,
            lambda: self.get(index),
            lambda old, new: self.compare_and_set(index, old, new, fence=fence),
            self.let_go,
        )


class AsyncList(ListContract[V], AsyncProxy):
    """A shared list for awaiting callers."""

    async def sort(  # type: ignore[override]  # and `key`
        self,
        *,
        key: Callable[[V], Any] | None = None,
        reverse: bool = False,
        fence: Grant | None = None,
    ) -> None:
        """Sort in place, in the server; with a `key`, as `List.sort` does."""
        if key is None:
            await ListContract.sort(self, reverse, fence=fence)
            return
        while True:
            revision = await self.revision()
            order = _order([key(item) async for item in self.get_slice()], reverse)
            if await self.rearrange(order, revision, fence=fence):
                return

    async def copy(self) -> list[V]:
        """Return what is there now as a plain list."""
        return [item async for item in self.get_slice()]

    def edit(self, index: int, *, fence: Grant | None = None) -> AbstractAsyncContextManager[V]:
        """Return a block in which one item may be changed; see `editing`.

        Four round trips; three if nothing is changed. IndexError if there is no such item.
        """
        return edit_async(
            self.client.codec,
            self.hold,
            lambda: self.get(index),
            lambda old, new: self.compare_and_set(index, old, new, fence=fence),
            self.let_go,
        )


FARTHEST = (1 << 63) - 1
"""An index or bound that is larger is as far outside as this one, and fits into the wire's."""


def _near(index: int) -> int:
    return max(-FARTHEST, min(operator.index(index), FARTHEST))


def _bounds(index: slice) -> tuple[int | None, int | None, int | None]:
    start, stop, step = (
        None if each is None else _near(each) for each in (index.start, index.stop, index.step)
    )
    return start, stop, step


def _order(keys: list[Any], reverse: bool) -> list[int]:
    """Return the positions of `keys` in the order in which these are sorted."""
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)
