"""LifoQueue, bound twice."""

from __future__ import annotations

from shared_state_protocol.objects import LifoQueue as LifoQueueContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy

__all__ = ["AsyncLifoQueue", "LifoQueue"]


class LifoQueue(LifoQueueContract[V], Proxy):
    """A shared lifo queue for blocking callers."""


class AsyncLifoQueue(LifoQueueContract[V], AsyncProxy):
    """A shared lifo queue for awaiting callers."""
