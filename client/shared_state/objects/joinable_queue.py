"""JoinableQueue, bound twice."""

from __future__ import annotations

from shared_state_protocol.objects import JoinableQueue as JoinableQueueContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy

__all__ = ["AsyncJoinableQueue", "JoinableQueue"]


class JoinableQueue(JoinableQueueContract[V], Proxy):
    """A shared joinable queue for blocking callers."""


class AsyncJoinableQueue(JoinableQueueContract[V], AsyncProxy):
    """A shared joinable queue for awaiting callers."""
