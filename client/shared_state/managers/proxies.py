"""The proxies of the standard library's types, with what its newer versions have added.

Each is also of the standard library's class, from which it has what is not written here.
"""

from __future__ import annotations

import multiprocessing.managers as stdlib
from collections.abc import Iterator
from typing import Any

from .base_proxy import BaseProxy, MakeProxyType

__all__ = [
    "AcquirerProxy",
    "ArrayProxy",
    "BarrierProxy",
    "BaseListProxy",
    "BasePoolProxy",
    "ConditionProxy",
    "DictProxy",
    "EventProxy",
    "IteratorProxy",
    "ListProxy",
    "NamespaceProxy",
    "PoolProxy",
    "SetProxy",
    "ValueProxy",
]

_theirs: Any = stdlib  # whose stubs lack the most of it


class IteratorProxy(BaseProxy, _theirs.IteratorProxy):  # type: ignore[misc]  # of a class without stubs
    """An iterator or a generator of the server."""


class AcquirerProxy(BaseProxy, _theirs.AcquirerProxy):  # type: ignore[misc]  # as above
    """A lock or a semaphore."""

    _exposed_ = ("acquire", "release", "locked")

    def locked(self) -> Any:
        """Return whether somebody has it."""
        return self._callmethod("locked")


class ConditionProxy(AcquirerProxy, _theirs.ConditionProxy):  # type: ignore[misc]  # as above
    """A condition."""

    _exposed_ = (*_theirs.ConditionProxy._exposed_, "locked")


class EventProxy(BaseProxy, _theirs.EventProxy):  # type: ignore[misc]  # as above
    """An event."""


class BarrierProxy(BaseProxy, _theirs.BarrierProxy):  # type: ignore[misc]  # as above
    """A barrier."""


class NamespaceProxy(BaseProxy, _theirs.NamespaceProxy):  # type: ignore[misc]  # as above
    """A namespace."""


class ValueProxy(BaseProxy, _theirs.ValueProxy):  # type: ignore[misc]  # as above
    """A value."""


class ArrayProxy(BaseProxy, _theirs.ArrayProxy):  # type: ignore[misc]  # as above
    """An array."""


class BaseListProxy(BaseProxy, _theirs.BaseListProxy):  # type: ignore[misc]  # as above
    """What a list can do by the same name."""


class ListProxy(BaseListProxy, _theirs.ListProxy):  # type: ignore[misc]  # as above
    """A list."""

    _exposed_ = (*_theirs.ListProxy._exposed_, "clear", "copy")

    def clear(self) -> None:
        """Remove everything."""
        self._callmethod("clear")

    def copy(self) -> list[Any]:
        """Return a copy, as a plain list."""
        copied: list[Any] = self._callmethod("copy")
        return copied


_NewerDictProxy: Any = MakeProxyType("DictProxy", ("__or__", "__ror__", "__reversed__", "fromkeys"))


class DictProxy(_NewerDictProxy, _theirs.DictProxy):  # type: ignore[misc]  # as above
    """A dict."""

    _exposed_ = (*_theirs.DictProxy._exposed_, *_NewerDictProxy._exposed_, "__ior__")
    _method_to_typeid_ = {"__iter__": "Iterator"}  # noqa: RUF012  # the standard library's own

    def __reversed__(self) -> Iterator[Any]:
        found: list[Any] = self._callmethod("keys")
        return iter(found[::-1])

    def __ior__(self, value: Any) -> Any:
        self._callmethod("update", (value,))
        return self


_BaseSetProxy: Any = MakeProxyType(
    "BaseSetProxy",
    "__and__ __contains__ __ge__ __gt__ __le__ __len__ __lt__ __or__ __rand__ __ror__ __rsub__"
    " __rxor__ __sub__ __xor__ add clear copy difference difference_update discard intersection"
    " intersection_update isdisjoint issubset issuperset pop remove symmetric_difference"
    " symmetric_difference_update union update".split(),
)


class SetProxy(_BaseSetProxy):  # type: ignore[misc]  # as above
    """A set, which the standard library has from Python 3.14 on."""

    def __iter__(self) -> Iterator[Any]:
        """Iterate over a snapshot, in one round trip and in any process."""
        copied: set[Any] = self._callmethod("copy")
        return iter(copied)

    def __ior__(self, value: Any) -> Any:
        self._callmethod("update", (value,))
        return self

    def __iand__(self, value: Any) -> Any:
        self._callmethod("intersection_update", (value,))
        return self

    def __isub__(self, value: Any) -> Any:
        self._callmethod("difference_update", (value,))
        return self

    def __ixor__(self, value: Any) -> Any:
        self._callmethod("symmetric_difference_update", (value,))
        return self


class BasePoolProxy(BaseProxy, _theirs.BasePoolProxy):  # type: ignore[misc]  # as above
    """What a pool can do by the same name."""


class PoolProxy(BasePoolProxy, _theirs.PoolProxy):  # type: ignore[misc]  # as above
    """A pool of processes of the server."""
