"""Semaphore, bound twice: a context manager for each."""

from __future__ import annotations

from shared_state_protocol.objects import Semaphore as SemaphoreContract

from .permits import AsyncPermits, Permits

__all__ = ["AsyncSemaphore", "Semaphore"]


class Semaphore(Permits, SemaphoreContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared semaphore for blocking callers, and a context manager."""


class AsyncSemaphore(AsyncPermits, SemaphoreContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared semaphore for awaiting callers, and an async context manager."""
