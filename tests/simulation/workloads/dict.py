"""Writers of the same few keys, and a counter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..audits import audit_counter
from ..models.dict import Dict as Model
from ..process import Worker
from ..witness import Event
from .workload import STEPS, Workload, impatience

if TYPE_CHECKING:
    from ..schedule import Schedule

__all__ = ["Dict"]

COUNTER = "calls"
KEYS = ("a", "b")
VALUES = (1, 2, 3)


class Dict(Workload):
    """Everybody reads and writes, and counts."""

    type = "dict"
    model = Model()
    _total: Any = None

    async def prepare(self, schedule: Schedule, auditor: Worker) -> None:
        await auditor.open()

    async def work(self, worker: Worker) -> None:
        chance = worker.chance
        for _ in range(chance.randint(*STEPS)):
            key, new, old = chance.choice(KEYS), chance.choice(VALUES), chance.choice(VALUES)
            given: dict[str, tuple[Any, ...]] = {
                "add": (COUNTER, 1),
                "compare_and_set": (key, old, new),
                "contains": (key,),
                "get": (key, None),
                "pop": (key, None),
                "set": (key, new),
                "setdefault": (key, new),
                "size": (),
            }
            what = "add" if chance.random() < 0.3 else chance.choice(list(given))
            await worker.call(what, *given[what], patience=impatience(worker))
            await worker.pause(1.0)

    async def finish(self, auditor: Worker) -> None:
        self._total = await auditor.call("get", COUNTER, None)

    def audit(self, schedule: Schedule, ends: Sequence[Event]) -> None:
        audit_counter(schedule, self.calls(schedule, "add"), self._total)
