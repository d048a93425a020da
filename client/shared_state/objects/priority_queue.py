"""PriorityQueue, bound twice."""

from __future__ import annotations

from shared_state_protocol.objects import PriorityQueue as PriorityQueueContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy
from .claim import AsyncClaimable, Claimable

__all__ = ["AsyncPriorityQueue", "PriorityQueue"]


class PriorityQueue(PriorityQueueContract[V], Proxy, Claimable[V]):
    """A shared priority queue for blocking callers."""


class AsyncPriorityQueue(PriorityQueueContract[V], AsyncProxy, AsyncClaimable[V]):
    """A shared priority queue for awaiting callers."""
