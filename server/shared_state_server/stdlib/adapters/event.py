"""`threading.Event`."""

from __future__ import annotations

from typing import Any

from ...memory.event import Event
from ...waiting import Call
from .adapter import Adapter

__all__ = ["EventAdapter"]


class EventAdapter(Adapter):
    """A flag to wait for."""

    exposed = frozenset({"is_set", "isSet", "set", "clear", "wait"})

    def __init__(self) -> None:
        self.behaviour = Event()

    def is_set(self, call: Call) -> Any:
        return self.behaviour.is_set()

    isSet = is_set  # noqa: N815  # its name in `threading`

    def set(self, call: Call) -> None:
        self.behaviour.set()

    def clear(self, call: Call) -> None:
        self.behaviour.clear()

    def wait(self, call: Call, timeout: float | None = None) -> object:
        return self.behaviour.wait(call, timeout)
