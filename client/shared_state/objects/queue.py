"""Queue, bound twice."""

from __future__ import annotations

from shared_state_protocol.objects import Queue as QueueContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy
from .bounded import Bounded
from .claim import AsyncClaimable, Claimable

__all__ = ["AsyncQueue", "Queue"]


class Queue(Bounded, QueueContract[V], Proxy, Claimable[V]):  # type: ignore[misc]  # an attribute for an operation
    """A shared queue for blocking callers."""


class AsyncQueue(QueueContract[V], AsyncProxy, AsyncClaimable[V]):
    """A shared queue for awaiting callers."""
