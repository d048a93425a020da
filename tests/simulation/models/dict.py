"""A dict of numbers by text: its pairs in the order of the keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..history import Call
from .model import Model

__all__ = ["Dict"]


class Dict(Model):
    """A dict; `result` of a missing key is None, which is no value here."""

    initial = ()
    queries = frozenset({"get", "contains", "size"})

    def step(self, state: Any, call: Call) -> tuple[Any, Any]:
        pairs = dict(state)
        result = _OPERATIONS[call.operation](pairs, *call.arguments)
        return tuple(sorted(pairs.items())), result


Pairs = dict[str, int]


def _set(pairs: Pairs, key: str, value: int) -> None:
    pairs[key] = value


def _pop(pairs: Pairs, key: str, default: None) -> int | None:
    return pairs.pop(key, default)


def _add(pairs: Pairs, key: str, amount: int) -> int:
    pairs[key] = pairs.get(key, 0) + amount
    return pairs[key]


def _compare_and_set(pairs: Pairs, key: str, old: int, new: int) -> bool:
    if pairs.get(key) != old:
        return False
    pairs[key] = new
    return True


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": _add,
    "compare_and_set": _compare_and_set,
    "contains": lambda pairs, key: key in pairs,
    "get": lambda pairs, key, default: pairs.get(key, default),
    "pop": _pop,
    "set": _set,
    "setdefault": lambda pairs, key, value: pairs.setdefault(key, value),
    "size": len,
}
