"""Set, bound twice: a `MutableSet` for blocking callers, operations for awaiting ones."""

# pyright: reportUnknownMemberType=false
# An operation that is named on its contract, as `SetContract.update`, has an unknown K.

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSet
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

from shared_state_protocol.grants import Grant
from shared_state_protocol.objects import Set as SetContract
from shared_state_protocol.shapes import K

from ..proxy import AsyncProxy, Proxy

__all__ = ["AsyncSet", "Set"]


class Set(SetContract[K], Proxy, MutableSet[K]):
    """A shared set for blocking callers: a `MutableSet`, and what else `set` can do.

    Operators that make a set make a plain one; those in place change the shared one, at once.
    """

    def __contains__(self, element: object) -> bool:
        return self.contains(element)  # type: ignore[arg-type]  # `in` may be asked about anything

    def __iter__(self) -> Iterator[K]:
        return self.elements()

    def __len__(self) -> int:
        return self.size()

    def update(self, *others: Iterable[Any], fence: Grant | None = None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  # several, as `set`
        """Add every element of the iterables, in one request and at once."""
        SetContract.update(self, chain.from_iterable(others), fence=fence)

    def difference_update(  # pyright: ignore[reportIncompatibleVariableOverride]  # several, as `set`
        self, *others: Iterable[Any], fence: Grant | None = None
    ) -> None:
        """Remove every element of the iterables, in one request and at once."""
        SetContract.difference_update(self, chain.from_iterable(others), fence=fence)

    def intersection_update(  # pyright: ignore[reportIncompatibleVariableOverride]  # several, as `set`
        self, *others: Iterable[Any], fence: Grant | None = None
    ) -> None:
        """Keep only what is in all of the iterables too, in one request and at once."""
        if others:
            first, *more = others
            SetContract.intersection_update(self, set(first).intersection(*more), fence=fence)

    def copy(self) -> set[K]:
        """Return what is there now as a plain set."""
        return set(self.elements())

    def union(self, *others: Iterable[Any]) -> set[Any]:
        """Return a plain set of what is in any of them."""
        return self.copy().union(*others)

    def intersection(self, *others: Iterable[Any]) -> set[K]:
        """Return a plain set of what is in all of them."""
        return self.copy().intersection(*others)

    def difference(self, *others: Iterable[Any]) -> set[K]:
        """Return a plain set of what is in none of the others."""
        return self.copy().difference(*others)

    def symmetric_difference(self, other: Iterable[Any]) -> set[Any]:
        """Return a plain set of what is in one of the two."""
        return self.copy().symmetric_difference(other)

    def __or__(self, other: AbstractSet[Any]) -> set[Any]:
        return self.copy() | set(other) if isinstance(other, AbstractSet) else NotImplemented

    def __and__(self, other: AbstractSet[Any]) -> set[K]:
        return self.copy() & set(other) if isinstance(other, AbstractSet) else NotImplemented

    def __sub__(self, other: AbstractSet[Any]) -> set[K]:
        return self.copy() - set(other) if isinstance(other, AbstractSet) else NotImplemented

    def __xor__(self, other: AbstractSet[Any]) -> set[Any]:
        return self.copy() ^ set(other) if isinstance(other, AbstractSet) else NotImplemented

    __ror__ = __or__
    __rand__ = __and__
    __rxor__ = __xor__

    def __rsub__(self, other: AbstractSet[Any]) -> set[Any]:
        return set(other) - self.copy() if isinstance(other, AbstractSet) else NotImplemented

    def __ior__(self, other: AbstractSet[K]) -> Set[K]:  # type: ignore[misc, override]  # itself
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.update(list(other))
        return self

    def __iand__(self, other: AbstractSet[Any]) -> Set[K]:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.intersection_update(list(other))
        return self

    def __isub__(self, other: AbstractSet[Any]) -> Set[K]:
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.difference_update(list(other))
        return self

    def __ixor__(self, other: AbstractSet[K]) -> Set[K]:  # type: ignore[misc, override]  # itself
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.symmetric_difference_update(list(other))
        return self

    def __le__(self, other: AbstractSet[Any]) -> bool:
        return self.issubset(list(other)) if isinstance(other, AbstractSet) else NotImplemented

    def __ge__(self, other: AbstractSet[Any]) -> bool:
        return self.issuperset(list(other)) if isinstance(other, AbstractSet) else NotImplemented

    def __lt__(self, other: AbstractSet[Any]) -> bool:
        return self.copy() < set(other) if isinstance(other, AbstractSet) else NotImplemented

    def __gt__(self, other: AbstractSet[Any]) -> bool:
        return self.copy() > set(other) if isinstance(other, AbstractSet) else NotImplemented

    def __eq__(self, other: object) -> bool:
        return self.copy() == set(other) if isinstance(other, AbstractSet) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as `set`

    def __str__(self) -> str:
        return repr(self.copy())


class AsyncSet(SetContract[K], AsyncProxy):
    """A shared set for awaiting callers."""

    async def copy(self) -> set[K]:
        """Return what is there now as a plain set."""
        return {element async for element in self.elements()}
