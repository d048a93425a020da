"""RLock, bound twice: a context manager for each."""

from __future__ import annotations

from shared_state_protocol.objects import RLock as RLockContract

from ..proxy import AsyncProxy, Proxy
from .entering import AsyncEntered, Entered

__all__ = ["AsyncRLock", "RLock"]


class RLock(RLockContract, Proxy, Entered):
    """A shared rlock for blocking callers, and a context manager."""


class AsyncRLock(RLockContract, AsyncProxy, AsyncEntered):
    """A shared rlock for awaiting callers, and an async context manager."""
