"""The contracts, each bound twice, and Python's own syntax for the blocking ones.

What an operation does is said in its contract. Here is what only a language can add: ``d[k] = v``,
``in``, ``len``, slices, ``with``, and what the abstract base classes promise.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    MutableSequence,
    ValuesView,
)
from types import TracebackType
from typing import Any, TypeVar, overload

from shared_state_protocol import objects as contracts
from shared_state_protocol.shapes import K, V

from .proxy import AsyncProxy, Proxy, type_name

__all__ = [
    "AWAITING",
    "BLOCKING",
    "AsyncDict",
    "AsyncList",
    "AsyncLock",
    "AsyncQueue",
    "Dict",
    "List",
    "Lock",
    "Queue",
]

S = TypeVar("S")


class _Keys(KeysView[K]):
    _mapping: Dict[K, Any]

    def __iter__(self) -> Iterator[K]:
        return iter(self._mapping)

    def __reversed__(self) -> Iterator[K]:
        return reversed(list(self))


class _Values(ValuesView[V]):
    _mapping: Dict[Any, V]

    def __iter__(self) -> Iterator[V]:
        return iter(contracts.Dict.values(self._mapping))

    def __contains__(self, value: object) -> bool:
        return any(each == value for each in self)

    def __reversed__(self) -> Iterator[V]:
        return reversed(list(self))


class _Items(ItemsView[K, V]):
    _mapping: Dict[K, V]

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return iter(contracts.Dict.items(self._mapping))

    def __reversed__(self) -> Iterator[tuple[K, V]]:
        return reversed(list(self))


class Dict(contracts.Dict[K, V], Proxy, MutableMapping[K, V]):  # type: ignore[misc]  # an operation is a descriptor, a mixin method a function
    """A shared dict for blocking callers: a `MutableMapping`, and what else `dict` can do."""

    def __setitem__(self, key: K, value: V) -> None:
        self.set(key, value)

    def __delitem__(self, key: K) -> None:
        self.delete(key)

    def __contains__(self, key: object) -> bool:
        return self.contains(key)  # type: ignore[arg-type]  # `in` may be asked about anything

    def __len__(self) -> int:
        return self.size()

    def __iter__(self) -> Iterator[K]:
        return iter(contracts.Dict.keys(self))

    def __reversed__(self) -> Iterator[K]:
        return reversed(list(self))

    def keys(self) -> KeysView[K]:  # type: ignore[override]  # a view can do what a stream can
        """Return a view of the keys; iterating it takes a snapshot."""
        return _Keys(self)

    def values(self) -> ValuesView[V]:  # type: ignore[override]  # as above
        """Return a view of the values; iterating it takes a snapshot."""
        return _Values(self)

    def items(self) -> ItemsView[K, V]:  # type: ignore[override]  # as above
        """Return a view of the pairs; iterating it takes a snapshot."""
        return _Items(self)

    def update(self, other: Any = (), /, **more: V) -> None:  # type: ignore[override]  # and keywords
        """Store every pair of a mapping or an iterable, and the keywords, at once."""
        pairs = dict(other, **more) if more else other
        contracts.Dict.update(self, pairs)

    def copy(self) -> dict[K, V]:
        """Return what is there now as a plain dict."""
        return dict(self.items())

    def __or__(self, other: Mapping[K, V]) -> dict[K, V]:
        return self.copy() | dict(other) if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Mapping[K, V]) -> dict[K, V]:
        return dict(other) | self.copy() if isinstance(other, Mapping) else NotImplemented

    def __ior__(self, other: Any) -> Dict[K, V]:  # type: ignore[misc]  # | makes a plain dict
        self.update(other)
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.copy() == dict(other.items())

    __hash__ = None  # type: ignore[assignment]  # as `dict`

    def __str__(self) -> str:
        return repr(self.copy())


class List(contracts.List[V], Proxy, MutableSequence[V]):  # type: ignore[misc]  # as Dict
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
            contracts.List.sort(self, reverse)
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


class Queue(contracts.Queue[V], Proxy):
    """A shared queue for blocking callers."""


class Lock(contracts.Lock, Proxy):
    """A shared lock for blocking callers, and a context manager."""

    def __enter__(self) -> bool:
        if self.acquire() is not True:
            raise RuntimeError("a lock cannot be entered inside a batch: nothing would wait")
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class AsyncDict(contracts.Dict[K, V], AsyncProxy):
    """A shared dict for awaiting callers."""

    async def copy(self) -> dict[K, V]:
        """Return what is there now as a plain dict."""
        return {key: value async for key, value in self.items()}


class AsyncList(contracts.List[V], AsyncProxy):
    """A shared list for awaiting callers."""

    async def copy(self) -> list[V]:
        """Return what is there now as a plain list."""
        return [item async for item in self.get_slice()]


class AsyncQueue(contracts.Queue[V], AsyncProxy):
    """A shared queue for awaiting callers."""


class AsyncLock(contracts.Lock, AsyncProxy):
    """A shared lock for awaiting callers, and an async context manager."""

    async def __aenter__(self) -> bool:
        return await self.acquire()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.release()


BLOCKING: dict[str, type[Proxy]] = {type_name(each): each for each in (Dict, List, Queue, Lock)}
"""The blocking class of every type, by the name of its contract."""

AWAITING: dict[str, type[AsyncProxy]] = {
    type_name(each): each for each in (AsyncDict, AsyncList, AsyncQueue, AsyncLock)
}
"""The awaiting class of every type, by the name of its contract."""
