"""LifoQueue: last in, first out."""

from __future__ import annotations

from ..contract import command
from ..shapes import V
from .queue import Queue

__all__ = ["LifoQueue"]


class LifoQueue(Queue[V]):
    """A `Queue` that gives the newest item first, as `queue.LifoQueue`."""

    @command
    def open(
        self, maxsize: int = 0, max_attempts: int | None = None, dead_letters: str | None = None
    ) -> None:
        """Create the queue if there is none of that name; options as in `Queue.open`."""
