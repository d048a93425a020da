"""Lock, bound twice: a context manager for each."""

from __future__ import annotations

from shared_state_protocol.objects import Lock as LockContract

from ..proxy import AsyncProxy, Proxy
from .entering import AsyncEntered, Entered

__all__ = ["AsyncLock", "Lock"]


class Lock(LockContract, Proxy, Entered):
    """A shared lock for blocking callers, and a context manager."""


class AsyncLock(LockContract, AsyncProxy, AsyncEntered):
    """A shared lock for awaiting callers, and an async context manager."""
