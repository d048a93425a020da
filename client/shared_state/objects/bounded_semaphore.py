"""BoundedSemaphore, bound twice: a context manager for each."""

from __future__ import annotations

from shared_state_protocol.objects import BoundedSemaphore as BoundedSemaphoreContract

from ..proxy import AsyncProxy, Proxy
from .entering import AsyncEntered, Entered

__all__ = ["AsyncBoundedSemaphore", "BoundedSemaphore"]


class BoundedSemaphore(BoundedSemaphoreContract, Proxy, Entered):
    """A shared bounded semaphore for blocking callers, and a context manager."""


class AsyncBoundedSemaphore(BoundedSemaphoreContract, AsyncProxy, AsyncEntered):
    """A shared bounded semaphore for awaiting callers, and an async context manager."""
