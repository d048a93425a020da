"""Value, bound twice: ``value.value`` and ``value.typecode`` for blocking callers."""

from __future__ import annotations

from typing import Any

from shared_state_protocol.objects import Value as ValueContract

from ..batch import known
from .entering import AsyncEntered, Entered
from .rlock import AsyncRLock, RLock

__all__ = ["AsyncValue", "Value"]


class Value(Entered, ValueContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared value for blocking callers; as a context manager, it is its own lock."""

    @property
    def value(self) -> Any:
        """The value; assigning it sets it."""
        return self.get()

    @value.setter
    def value(self, value: Any) -> None:
        self.set(value)

    @property
    def typecode(self) -> str:  # type: ignore[override]  # an attribute, as `array.array` has it
        """The type code."""
        return str(known(ValueContract.typecode(self)))

    def get_lock(self) -> RLock:
        """Return the lock of the value."""
        return RLock(self.name, self.client)

    def __str__(self) -> str:
        return repr(self.value)


class AsyncValue(AsyncEntered, ValueContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared value for awaiting callers; as an async context manager, it is its own lock."""

    def get_lock(self) -> AsyncRLock:
        """Return the lock of the value."""
        return AsyncRLock(self.name, self.client)
