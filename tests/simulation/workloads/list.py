"""Writers of one list; what is appended is a number of its own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ..models.list import List as Model
from ..process import Worker
from .workload import STEPS, Workload, impatience

if TYPE_CHECKING:
    from ..schedule import Schedule

__all__ = ["List"]

LATEST = 4
"""Of the numbers that were appended: those that are looked for."""


class List(Workload):
    """Everybody reads, writes, and takes away."""

    type = "list"
    model = Model()

    async def prepare(self, schedule: Schedule, auditor: Worker) -> None:
        self._numbers = itertools.count(1)
        await auditor.open()

    async def work(self, worker: Worker) -> None:
        chance = worker.chance
        for _ in range(chance.randint(*STEPS)):
            new = next(self._numbers)
            known = max(1, new - chance.randint(1, LATEST))
            given: dict[str, tuple[Any, ...]] = {
                "append": (new,),
                "contains": (known,),
                "get": (chance.choice((0, -1)),),
                "insert": (0, new),
                "pop": (chance.choice((0, -1)),),
                "remove": (known,),
                "set": (chance.choice((0, -1)), new),
                "size": (),
            }
            what = "append" if chance.random() < 0.2 else chance.choice(list(given))
            await worker.call(what, *given[what], patience=impatience(worker))
            await worker.pause(1.0)

    async def finish(self, auditor: Worker) -> None:
        await auditor.call("size")
