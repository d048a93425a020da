"""JoinableQueue, bound twice."""

from __future__ import annotations

from shared_state_protocol.objects import JoinableQueue as JoinableQueueContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy
from .bounded import Bounded
from .claim import AsyncClaimable, Claimable

__all__ = ["AsyncJoinableQueue", "JoinableQueue"]


class JoinableQueue(Bounded, JoinableQueueContract[V], Proxy, Claimable[V]):  # type: ignore[misc]  # an attribute for an operation
    """A shared joinable queue for blocking callers."""


class AsyncJoinableQueue(JoinableQueueContract[V], AsyncProxy, AsyncClaimable[V]):
    """A shared joinable queue for awaiting callers."""
