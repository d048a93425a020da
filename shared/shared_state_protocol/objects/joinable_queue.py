"""JoinableQueue: a queue whose producers can wait until all is dealt with."""

from __future__ import annotations

from ..contract import command
from ..shapes import V
from .queue import Queue

__all__ = ["JoinableQueue"]


class JoinableQueue(Queue[V]):
    """A `Queue` by the name that `multiprocessing` has for one with `task_done` and `join`."""

    @command
    def open(
        self, maxsize: int = 0, max_attempts: int | None = None, dead_letters: str | None = None
    ) -> None:
        """Create the queue if there is none of that name; options as in `Queue.open`."""
