"""LifoQueue, bound twice."""

from __future__ import annotations

from shared_state_protocol.objects import LifoQueue as LifoQueueContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy
from .bounded import Bounded
from .claim import AsyncClaimable, Claimable

__all__ = ["AsyncLifoQueue", "LifoQueue"]


class LifoQueue(Bounded, LifoQueueContract[V], Proxy, Claimable[V]):  # type: ignore[misc]  # an attribute for an operation
    """A shared lifo queue for blocking callers."""


class AsyncLifoQueue(LifoQueueContract[V], AsyncProxy, AsyncClaimable[V]):
    """A shared lifo queue for awaiting callers."""
