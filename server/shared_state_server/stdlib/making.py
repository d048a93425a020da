"""Making: how much a pickle may have the plain classes go through that it names.

A few bytes can name `list` and a range, or a list that is made once and copied a thousand times.
Nobody else has a turn meanwhile, not even where a worker reads it. So each reader has an allowance
that grows with the pickle, and every call of such a class takes from it what it goes through.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sized
from fractions import Fraction
from functools import partial
from typing import Any

from shared_state_protocol.limits import MAX_NUMBER_BYTES

__all__ = ["MEASURED", "Making"]

MEASURED: dict[str, frozenset[str]] = {
    "builtins": frozenset("bytearray bytes dict frozenset list set str tuple".split()),
    "array": frozenset({"array", "_array_reconstructor"}),
    "collections": frozenset("OrderedDict deque defaultdict Counter".split()),
    "fractions": frozenset({"Fraction"}),
}

AT_LEAST = 10_000
PER_BYTE = 16
"""Items that the calls of one pickle may go through: far more than whoever has them has written."""


class Making:
    """The allowance of a pickle of `size` bytes."""

    def __init__(self, size: int) -> None:
        self._left = AT_LEAST + PER_BYTE * size
        self._classes: dict[Any, Callable[..., Any]] = {}

    def measured(self, made: Callable[..., Any]) -> Any:
        """Return what makes instances of a class, and takes from the allowance what it costs."""
        maker = partial(self._make, made)  # a function's attributes BUILD could set
        self._classes[maker] = made
        return maker

    def _make(self, made: Callable[..., Any], *args: Any) -> Any:
        for each in args:
            self._left -= _cost(made, each)
        if self._left < 0:
            raise pickle.UnpicklingError("a pickle makes far more of its values than it has bytes")
        # A class may be an argument itself: what a defaultdict makes, the class of an array.
        return made(*map(self._class_of, args))

    def _class_of(self, argument: Any) -> Any:
        kind: type[Any] = type(argument)  # pyright: ignore[reportUnknownVariableType]  # of whatever
        return self._classes.get(argument, argument) if kind is partial else argument


def _cost(made: Callable[..., Any], argument: Any) -> int:
    """Return how many items or bytes a class goes through for an argument."""
    if made is Fraction:
        _check_number(argument)
    elif made is str and not isinstance(argument, (str, bytes)):
        raise pickle.UnpicklingError("a str is made of text or bytes")
    elif isinstance(argument, int):
        return max(argument, 0) if made in {bytes, bytearray} else 0
    return len(argument) if isinstance(argument, Sized) else 0


def _check_number(argument: Any) -> None:
    """Refuse what a fraction would take long for: large numbers, and such with an exponent."""
    is_text = isinstance(argument, str)
    if is_text and (len(argument) > MAX_NUMBER_BYTES or "e" in argument.lower()):
        raise pickle.UnpicklingError("a fraction is made of short numbers without an exponent")
    if isinstance(argument, int) and argument.bit_length() > 8 * MAX_NUMBER_BYTES:
        raise pickle.UnpicklingError(f"a fraction has numbers of {MAX_NUMBER_BYTES} bytes")
