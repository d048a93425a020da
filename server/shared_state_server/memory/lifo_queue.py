"""A queue in memory that gives the newest item first."""

from __future__ import annotations

from .ordering import Lifo
from .queue import Queue

__all__ = ["LifoQueue"]


class LifoQueue(Queue):
    """Keeps the contract `shared_state_protocol.objects.LifoQueue`."""

    order = Lifo
