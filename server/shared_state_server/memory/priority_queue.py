"""A queue in memory that gives the smallest item first."""

from __future__ import annotations

from .ordering import Ranked
from .queue import Queue

__all__ = ["PriorityQueue"]


class PriorityQueue(Queue):
    """Keeps the contract `shared_state_protocol.objects.PriorityQueue`."""

    order = Ranked
