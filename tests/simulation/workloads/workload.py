"""Workloads: what the processes of a run do with one object, and what must have come of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..history import Call
from ..models.model import Model
from ..process import Worker
from ..witness import Event

if TYPE_CHECKING:
    from ..schedule import Schedule

__all__ = ["STEPS", "TIMEOUTS_S", "Workload", "impatience"]

STEPS = (2, 7)
"""Of one worker: few, so that many histories are short."""

TIMEOUTS_S = (0.0, 0.001, 0.5, 3.0, 20.0)
"""How long workers wait for one another."""


class Workload(ABC):
    """One run's work at the object that is named after its `type`.

    Its `model`, if it has one, judges the history; `is_searched` says that it does.
    """

    type: str
    model: Model | None = None
    is_searched = True

    @abstractmethod
    async def prepare(self, schedule: Schedule, auditor: Worker) -> None:
        """Create the object."""

    @abstractmethod
    async def work(self, worker: Worker) -> None:
        """Do one worker's share."""

    async def relieve(self, auditor: Worker) -> None:  # noqa: B027  # most have no such waits
        """End the waits that may last for ever; the faults are long over."""

    async def finish(self, auditor: Worker) -> None:  # noqa: B027  # not all have something left
        """Read what is left."""

    def audit(self, schedule: Schedule, ends: Sequence[Event]) -> None:  # noqa: B027  # nor is all counted
        """Check what must hold of the calls, whose order nobody looks at here."""

    def has_some(self, size: int) -> bool:
        """Return whether an object of this size has what its waiters wait for."""
        return size > 0

    def calls(self, schedule: Schedule, *operations: str) -> list[Call]:
        """Return the calls of these operations."""
        return [call for call in schedule.history.calls if call.operation in operations]


def impatience(worker: Worker) -> float | None:
    """Return after how many seconds a call is given up: mostly never, else about when it ends."""
    chance: Any = worker.chance
    if chance.random() < 0.75:
        return None
    return float(chance.choice((0.0005, 0.001, 0.002, 0.05, 1.0)) * chance.uniform(0.5, 1.5))
