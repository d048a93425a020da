"""A joinable queue in memory: every queue here is one."""

from __future__ import annotations

from .queue import Queue

__all__ = ["JoinableQueue"]


class JoinableQueue(Queue):
    """Keeps the contract `shared_state_protocol.objects.JoinableQueue`."""
