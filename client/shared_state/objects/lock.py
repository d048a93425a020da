"""Lock, bound twice: a context manager for each."""

from __future__ import annotations

from shared_state_protocol.objects import Lock as LockContract

from .entering import AsyncEntered, Entered

__all__ = ["AsyncLock", "Lock"]


class Lock(Entered, LockContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared lock for blocking callers, and a context manager."""


class AsyncLock(AsyncEntered, LockContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared lock for awaiting callers, and an async context manager."""
