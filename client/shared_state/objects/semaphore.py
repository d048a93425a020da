"""Semaphore, bound twice: a context manager for each."""

from __future__ import annotations

from shared_state_protocol.objects import Semaphore as SemaphoreContract

from ..proxy import AsyncProxy, Proxy
from .entering import AsyncEntered, Entered

__all__ = ["AsyncSemaphore", "Semaphore"]


class Semaphore(SemaphoreContract, Proxy, Entered):
    """A shared semaphore for blocking callers, and a context manager."""


class AsyncSemaphore(SemaphoreContract, AsyncProxy, AsyncEntered):
    """A shared semaphore for awaiting callers, and an async context manager."""
