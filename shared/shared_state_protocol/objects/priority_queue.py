"""PriorityQueue: the smallest first."""

from __future__ import annotations

from ..contract import command
from ..shapes import V
from .queue import Queue

__all__ = ["PriorityQueue"]


class PriorityQueue(Queue[V]):
    """A `Queue` that gives the smallest item first, as `queue.PriorityQueue`.

    Items are compared in the server, as Python compares them; equal ones are first in, first out.
    An item that cannot be compared with those that are there: TypeError, and it is not added.
    """

    @command
    def open(
        self, maxsize: int = 0, max_attempts: int | None = None, dead_letters: str | None = None
    ) -> None:
        """Create the queue if there is none of that name; options as in `Queue.open`."""
