"""Producers and consumers: every item is a number of its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..audits import audit_items
from ..history import Raised
from ..models.queue import Queue as Model
from ..process import Worker
from ..witness import Event
from .workload import STEPS, TIMEOUTS_S, Workload, impatience

if TYPE_CHECKING:
    from ..schedule import Schedule

__all__ = ["Queue"]

MAXSIZES = (0, 1, 3)


class Queue(Workload):
    """Some put, some get, some look."""

    type = "queue"

    async def prepare(self, schedule: Schedule, auditor: Worker) -> None:
        self._maxsize = schedule.chance.choice(MAXSIZES)
        self._items = itertools.count(1)
        self.model = Model(self._maxsize)
        await auditor.open(self._maxsize)

    async def work(self, worker: Worker) -> None:
        chance = worker.chance
        for _ in range(chance.randint(*STEPS)):
            patience, timeout = impatience(worker), chance.choice(TIMEOUTS_S)
            what = chance.choice(("put", "put", "put_nowait", "get", "get", "get_nowait", "qsize"))
            if what == "put":
                await worker.call(what, next(self._items), True, timeout, patience=patience)
            elif what == "put_nowait":
                await worker.call(what, next(self._items), patience=patience)
            elif what == "get":
                await worker.call(what, True, timeout, patience=patience)
            else:
                await worker.call(what, patience=patience)
            await worker.pause(1.0)

    async def finish(self, auditor: Worker) -> None:
        while await auditor.call("get_nowait") != Raised("Empty"):
            pass

    def audit(self, schedule: Schedule, ends: Sequence[Event]) -> None:
        audit_items(schedule, schedule.history.calls, ends)

    def has_some(self, size: int) -> bool:
        return 0 < size < (self._maxsize or size + 1)
