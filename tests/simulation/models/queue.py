"""A queue: the items in it, oldest first. What is taken back is the oldest again."""

from __future__ import annotations

from typing import Any

from ..history import Call, Raised
from .model import Model

__all__ = ["Queue"]


class Queue(Model):
    """A queue with room for `maxsize` items; for ever so many if that is 0."""

    initial = ()
    queries = frozenset({"qsize"})
    undoable = frozenset({"get", "get_nowait"})

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize

    def step(self, state: Any, call: Call) -> tuple[Any, Any]:
        if call.operation == "qsize":
            return state, len(state)
        if call.operation in self.undoable:
            return (state[1:], state[0]) if state else (state, Raised("Empty"))
        if 0 < self._maxsize <= len(state):
            return state, Raised("Full")
        return (*state, call.arguments[0]), None

    def undo(self, state: Any, call: Call, result: Any) -> Any:
        return state if isinstance(result, Raised) else (result, *state)
