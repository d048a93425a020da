"""Dict, bound twice: a `MutableMapping` for blocking callers, operations for awaiting ones."""

# pyright: reportUnknownMemberType=false
# An operation that is named on its contract, as `DictContract.keys`, has unknown K and V.

from __future__ import annotations

from collections.abc import (
    ItemsView,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    ValuesView,
)
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, cast

from shared_state_protocol.grants import Grant
from shared_state_protocol.objects import Dict as DictContract
from shared_state_protocol.shapes import K, V

from ..proxy import AsyncProxy, Proxy
from .editing import edit, edit_async

__all__ = ["AsyncDict", "Dict"]


class _Keys(KeysView[K]):
    _mapping: Dict[K, Any]

    def __iter__(self) -> Iterator[K]:
        return iter(self._mapping)

    def __reversed__(self) -> Iterator[K]:
        return reversed(list(self))


class _Values(ValuesView[V]):
    _mapping: Dict[Any, V]

    def __iter__(self) -> Iterator[V]:
        return iter(DictContract.values(self._mapping))

    def __contains__(self, value: object) -> bool:
        return any(each == value for each in self)

    def __reversed__(self) -> Iterator[V]:
        return reversed(list(self))


class _Items(ItemsView[K, V]):
    _mapping: Dict[K, V]

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return iter(DictContract.items(self._mapping))

    def __reversed__(self) -> Iterator[tuple[K, V]]:
        return reversed(list(self))


class Dict(DictContract[K, V], Proxy, MutableMapping[K, V]):  # type: ignore[misc]  # an operation is a descriptor, a mixin method a function
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
        return iter(DictContract.keys(self))

    def __reversed__(self) -> Iterator[K]:
        return reversed(list(self))

    def keys(self) -> KeysView[K]:  # type: ignore[override]  # a view can do what a stream can
        """Return a view of the keys; iterating it takes a snapshot."""
        return _Keys(self)

    def values(self) -> ValuesView[V]:  # type: ignore[override]  # as above
        """Return a view of the values; iterating it takes a snapshot."""
        return _Values(cast("Mapping[Any, V]", self))  # whose `__getitem__` is an operation

    def items(self) -> ItemsView[K, V]:  # type: ignore[override]  # as above
        """Return a view of the pairs; iterating it takes a snapshot."""
        return _Items(cast("Mapping[K, V]", self))  # as above

    def update(  # type: ignore[override]  # and keywords
        self, other: Any = (), /, *, fence: Grant | None = None, **more: V
    ) -> None:
        """Store every pair of a mapping or an iterable, and the keywords, at once.

        The keyword `fence` is none of them: it guards the update.
        """
        DictContract.update(self, _plain(other) | more if more else other, fence=fence)

    def copy(self) -> dict[K, V]:
        """Return what is there now as a plain dict."""
        return dict(self.items())

    def __or__(self, other: Mapping[K, V]) -> dict[K, V]:
        return self.copy() | _plain(other) if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Mapping[K, V]) -> dict[K, V]:
        return _plain(other) | self.copy() if isinstance(other, Mapping) else NotImplemented

    def __ior__(self, other: Any) -> Dict[K, V]:  # type: ignore[misc]  # | makes a plain dict
        self.update(other)
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.copy() == _plain(other)

    __hash__ = None  # type: ignore[assignment]  # as `dict`

    def __str__(self) -> str:
        return repr(self.copy())

    def edit(self, key: K, *, fence: Grant | None = None) -> AbstractContextManager[V]:
        """Return a block in which the value of `key` may be changed; see `editing`.

        Four round trips; three if nothing is changed. KeyError if there is no such key.
        """
        return edit(
            self.client.codec,
            lambda: self.hold(key),
            lambda: self[key],
            lambda old, new: self.compare_and_set(key, old, new, fence=fence),
            lambda: self.let_go(key),
        )


def _plain(pairs: Any) -> dict[Any, Any]:
    """Return a plain dict of a mapping or an iterable of pairs.

    `dict` itself would ask another shared dict for its keys, and then for one value after another.
    """
    items = getattr(pairs, "items", None)
    return dict(pairs if items is None else items())


class AsyncDict(DictContract[K, V], AsyncProxy):
    """A shared dict for awaiting callers."""

    async def update(  # type: ignore[override]  # and keywords
        self, other: Any = (), /, *, fence: Grant | None = None, **more: V
    ) -> None:
        """Store every pair of a mapping or an iterable, and the keywords, at once.

        The keyword `fence` is none of them: it guards the update.
        """
        await DictContract.update(self, _plain(other) | more if more else other, fence=fence)

    async def copy(self) -> dict[K, V]:
        """Return what is there now as a plain dict."""
        return {key: value async for key, value in self.items()}

    def edit(self, key: K, *, fence: Grant | None = None) -> AbstractAsyncContextManager[V]:
        """Return a block in which the value of `key` may be changed; see `editing`.

        Four round trips; three if nothing is changed. KeyError if there is no such key.
        """
        return edit_async(
            self.client.codec,
            lambda: self.hold(key),
            lambda: self[key],
            lambda old, new: self.compare_and_set(key, old, new, fence=fence),
            lambda: self.let_go(key),
        )
