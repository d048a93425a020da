"""RLock, bound twice: a context manager for each."""

from __future__ import annotations

from shared_state_protocol.objects import RLock as RLockContract

from .entering import AsyncEntered, Entered

__all__ = ["AsyncRLock", "RLock"]


class RLock(Entered, RLockContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared rlock for blocking callers, and a context manager."""


class AsyncRLock(AsyncEntered, RLockContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared rlock for awaiting callers, and an async context manager."""
