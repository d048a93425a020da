"""PriorityQueue, bound twice."""

from __future__ import annotations

from shared_state_protocol.objects import PriorityQueue as PriorityQueueContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy
from .bounded import Bounded
from .claim import AsyncClaimable, Claimable

__all__ = ["AsyncPriorityQueue", "PriorityQueue"]


class PriorityQueue(Bounded, PriorityQueueContract[V], Proxy, Claimable[V]):  # type: ignore[misc]  # an attribute for an operation
    """A shared priority queue for blocking callers."""


class AsyncPriorityQueue(PriorityQueueContract[V], AsyncProxy, AsyncClaimable[V]):
    """A shared priority queue for awaiting callers."""
