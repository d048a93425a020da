"""List, bound twice: a `MutableSequence` for blocking callers, operations for awaiting ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableSequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, overload

from shared_state_protocol.objects import List as ListContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy
from .editing import edit, edit_async

__all__ = ["AsyncList", "List"]


class List(ListContract[V], Proxy, MutableSequence[V]):  # type: ignore[misc]  # as Dict
    """A shared list for blocking callers: a `MutableSequence`, and what else `list` can do."""

    @overload
    def __getitem__(self, index: int) -> V: ...
    @overload
    def __getitem__(self, index: slice) -> list[V]: ...
    def __getitem__(self, index: int | slice) -> V | list[V]:
        if isinstance(index, slice):
            return list(self.get_slice(index.start, index.stop, index.step))
        return self.get(index)

    @overload
    def __setitem__(self, index: int, value: V) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[V]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            self.set_slice(index.start, index.stop, index.step, list(value))
        else:
            self.set(index, value)

    def __delitem__(self, index: int | slice) -> None:
        if isinstance(index, slice):
            self.delete_slice(index.start, index.stop, index.step)
        else:
            self.delete(index)

    def __len__(self) -> int:
        return self.size()

    def __iter__(self) -> Iterator[V]:
        return self.get_slice()

    def __reversed__(self) -> Iterator[V]:
        return self.get_slice(None, None, -1)

    def __contains__(self, value: object) -> bool:
        return self.contains(value)  # type: ignore[arg-type]  # `in` may be asked about anything

    def __iadd__(self, values: Iterable[V]) -> List[V]:
        self.extend(list(values))
        return self

    def __imul__(self, times: int) -> List[V]:
        self.repeat(times)
        return self

    def __add__(self, other: Iterable[V]) -> list[V]:
        return self.copy() + list(other) if isinstance(other, (list, List)) else NotImplemented

    def __radd__(self, other: list[V]) -> list[V]:
        return other + self.copy() if isinstance(other, list) else NotImplemented

    def __mul__(self, times: int) -> list[V]:
        return self.copy() * times

    __rmul__ = __mul__

    def sort(  # type: ignore[override]  # and `key`
        self, *, key: Callable[[V], Any] | None = None, reverse: bool = False
    ) -> None:
        """Sort in place, in the server; with a `key`, by one that is computed here.

        With a `key` the items are fetched, and rearranged if the list is still the same by then;
        else again. So no change that somebody makes meanwhile is lost.
        """
        if key is None:
            ListContract.sort(self, reverse)
            return
        while True:
            revision = self.revision()
            keys = [key(item) for item in self]
            order = sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)
            if self.rearrange(order, revision):
                return

    def copy(self) -> list[V]:
        """Return what is there now as a plain list."""
        return list(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, List)):
            return NotImplemented
        return self.copy() == list(other)

    __hash__ = None  # type: ignore[assignment]  # as `list`

    def __str__(self) -> str:
        return repr(self.copy())

    def edit(self, index: int) -> AbstractContextManager[V]:
        """Return a block in which one item may be changed; see `editing`.

        Four round trips; three if nothing is changed. IndexError if there is no such item.
        """
        return edit(
            self.client.codec,
            self.hold,
            lambda: self.get(index),
            lambda old, new: self.compare_and_set(index, old, new),
            self.let_go,
        )


class AsyncList(ListContract[V], AsyncProxy):
    """A shared list for awaiting callers."""

    async def copy(self) -> list[V]:
        """Return what is there now as a plain list."""
        return [item async for item in self.get_slice()]

    def edit(self, index: int) -> AbstractAsyncContextManager[V]:
        """Return a block in which one item may be changed; see `editing`.

        Four round trips; three if nothing is changed. IndexError if there is no such item.
        """
        return edit_async(
            self.client.codec,
            self.hold,
            lambda: self.get(index),
            lambda old, new: self.compare_and_set(index, old, new),
            self.let_go,
        )
