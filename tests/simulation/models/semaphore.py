"""A semaphore: the calls that were granted a permit, oldest first. With one permit, a lock."""

from __future__ import annotations

from typing import Any

from ..history import Call, Raised
from .model import Model

__all__ = ["Lock", "Semaphore"]


class Semaphore(Model):
    """A semaphore of so many permits, whose callers release what they have."""

    initial: Any = ()
    queries = frozenset({"value", "locked"})
    undoable = frozenset({"acquire"})

    def __init__(self, permits: int) -> None:
        self._permits = permits

    def step(self, state: Any, call: Call) -> tuple[Any, Any]:
        if call.operation == "value":
            return state, self._permits - len(state)
        if call.operation == "locked":
            return state, len(state) == self._permits
        if call.operation == "acquire":
            is_free = len(state) < self._permits
            return ((*state, call) if is_free else state), is_free
        own = [each for each in state if each.process == call.process]
        if not own:
            return state, Raised("RuntimeError")
        return _without(state, own[0]), None

    def undo(self, state: Any, call: Call, result: Any) -> Any:
        return _without(state, call)

    def abandon(self, state: Any, process: str) -> Any:
        return tuple(each for each in state if each.process != process)


class Lock(Semaphore):
    """A lock whose callers release what they have."""

    def __init__(self) -> None:
        super().__init__(permits=1)


def _without(state: Any, call: Call) -> Any:
    return tuple(each for each in state if each is not call)
