"""Array: a fixed number of items of a C type, with a lock of its own."""

from __future__ import annotations

from ..contract import command, query
from ..grants import Fence
from ..shapes import Packed, Scalar
from .rlock import RLock

__all__ = ["Array"]


class Array(RLock):
    """A fixed number of items of a C type (see `typecodes`), as `multiprocessing.Array`.

    Slices travel packed: a million doubles are eight million bytes. It is its own reentrant lock,
    which nobody has to take: every operation is atomic by itself.
    """

    @command
    def open(self, typecode: str, length: int = 0, initial: bytes = b"") -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  # each type opens its own way
        """Create the array if there is none of that name; zeros, unless there is `initial`.

        LimitExceeded if it would take more than MAX_ARRAY_BYTES.
        """

    @query
    def get(self, index: int) -> Scalar:
        """Return one item."""

    @command
    def set(self, index: int, value: Scalar, *, fence: Fence = None) -> None:
        """Replace one item; OverflowError or TypeError if its type cannot have it."""

    @query
    def get_packed(self, start: int, stop: int, step: int = 1) -> Packed:
        """Return the items of a range, packed."""

    @command
    def set_packed(
        self, start: int, stop: int, step: int, data: Packed, *, fence: Fence = None
    ) -> None:
        """Replace the items of a range; ValueError if `data` has not as many."""

    @command
    def add_to_each(
        self, start: int, stop: int, step: int, amount: Scalar, *, fence: Fence = None
    ) -> None:
        """Add a number to every item of a range, in place and at once.

        OverflowError, and nothing is changed, if the type cannot have one of the sums;
        LimitExceeded if the range has more than MAX_ADDED_ITEMS.
        """

    @command
    def add_packed(
        self, start: int, stop: int, step: int, data: Packed, *, fence: Fence = None
    ) -> None:
        """Add to every item of a range its own number, in place and at once.

        Raises what `add_to_each` does.
        """

    @query
    def size(self) -> int:
        """Return the number of items."""

    @query
    def typecode(self) -> str:
        """Return the type code."""
