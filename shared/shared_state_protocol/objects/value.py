"""Value: one item of a C type, with a lock of its own."""

from __future__ import annotations

from ..contract import command, query
from ..grants import Fence
from ..shapes import Scalar
from .rlock import RLock

__all__ = ["Value"]


class Value(RLock):
    """One item of a C type (see `typecodes`), as `multiprocessing.Value`.

    It is its own reentrant lock, which nobody has to take: every operation is atomic by itself.
    """

    @command
    def open(self, typecode: str, value: Scalar = 0) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  # each type opens its own way
        """Create the value if there is none of that name; TypeError for an unknown code."""

    @query
    def get(self) -> Scalar:
        """Return the value."""

    @command
    def set(self, value: Scalar, *, fence: Fence = None) -> None:
        """Replace the value; OverflowError or TypeError if its type cannot have it."""

    @command
    def add(self, amount: Scalar, *, fence: Fence = None) -> Scalar:
        """Add to the value and return the sum; OverflowError if its type cannot have it."""

    @command
    def compare_and_set(self, old: Scalar, new: Scalar, *, fence: Fence = None) -> bool:
        """Replace the value if it is `old`; return whether it was."""

    @query
    def typecode(self) -> str:
        """Return the type code."""
