"""Holders: they acquire, hold, and release; whoever cannot be sure of having released ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..audits import Holders
from ..history import UNKNOWN
from ..models.semaphore import Lock as LockModel
from ..models.semaphore import Semaphore as SemaphoreModel
from ..process import Worker
from .workload import STEPS, TIMEOUTS_S, Workload, impatience

if TYPE_CHECKING:
    from ..schedule import Schedule

__all__ = ["Lock", "Semaphore"]

PERMITS = (1, 2, 3)
HELD_S = 2.0


class Semaphore(Workload):
    """Some hold a permit, some look how many there are."""

    type = "semaphore"
    look = "value"

    async def prepare(self, schedule: Schedule, auditor: Worker) -> None:
        permits = schedule.chance.choice(PERMITS)
        self.model = SemaphoreModel(permits)
        self._holders = Holders(schedule, permits)
        await auditor.open(permits)

    async def work(self, worker: Worker) -> None:
        for _ in range(worker.chance.randint(*STEPS)):
            if worker.chance.random() < 0.2:
                await worker.call(self.look)
            elif await self._acquire(worker) is True:
                self._holders.enter(worker)
                await worker.pause(HELD_S)
                if self._holders.leave(worker) and await worker.call("release") is UNKNOWN:
                    worker.process.die()
                    return
            await worker.pause(1.0)

    async def _acquire(self, worker: Worker) -> Any:
        how = worker.chance.random()
        timeout = None if how < 0.5 else worker.chance.choice(TIMEOUTS_S)
        if how > 0.9:
            return await worker.call("acquire", False, None, patience=impatience(worker))
        return await worker.call("acquire", True, timeout, patience=impatience(worker))

    async def finish(self, auditor: Worker) -> None:
        await auditor.call(self.look)


class Lock(Semaphore):
    """Some hold the lock, some look whether it is held."""

    type = "lock"
    look = "locked"

    async def prepare(self, schedule: Schedule, auditor: Worker) -> None:
        self.model = LockModel()
        self._holders = Holders(schedule, 1)
        await auditor.open()

    def has_some(self, size: int) -> bool:
        return not size
