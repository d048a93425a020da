"""A list of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..history import Call, Raised
from .model import Model

__all__ = ["List"]


class List(Model):
    """A list; an index that is not there, or a value, is an exception."""

    initial = ()
    queries = frozenset({"get", "contains", "size"})

    def step(self, state: Any, call: Call) -> tuple[Any, Any]:
        items = list(state)
        try:
            result = _OPERATIONS[call.operation](items, *call.arguments)
        except (IndexError, ValueError) as error:
            return state, Raised(type(error).__name__)
        return tuple(items), result


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "append": list.append,
    "contains": list.__contains__,
    "get": list.__getitem__,
    "insert": list.insert,
    "pop": list.pop,
    "remove": list.remove,
    "set": list.__setitem__,
    "size": len,
}
