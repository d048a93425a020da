"""BoundedSemaphore, bound twice: a context manager for each."""

from __future__ import annotations

from shared_state_protocol.objects import BoundedSemaphore as BoundedSemaphoreContract

from .permits import AsyncPermits, Permits

__all__ = ["AsyncBoundedSemaphore", "BoundedSemaphore"]


class BoundedSemaphore(Permits, BoundedSemaphoreContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared bounded semaphore for blocking callers, and a context manager."""


class AsyncBoundedSemaphore(AsyncPermits, BoundedSemaphoreContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared bounded semaphore for awaiting callers, and an async context manager."""
