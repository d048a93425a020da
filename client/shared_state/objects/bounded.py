"""What blocking callers find on a queue as an attribute, as the standard library has it."""

from __future__ import annotations

from shared_state_protocol.contract import Bound
from shared_state_protocol.objects import Queue as QueueContract

from ..batch import known

__all__ = ["Bounded"]


class Bounded(Bound):
    """A queue that may have a bound."""

    @property
    def maxsize(self) -> int:
        """The bound given at creation; 0 is none."""
        return int(known(QueueContract.maxsize(self)))
