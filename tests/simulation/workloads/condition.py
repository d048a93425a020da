"""Producers and consumers that share a number of items, as everybody does with a condition.

A consumer waits until there is an item, a producer adds one and notifies one. If a wake-up were
lost, the lock would be free, there would be an item, and somebody would sleep. Whoever's session is
over while it has the lock has no right to the items any more, and does not touch them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..audits import Holders
from ..history import UNKNOWN
from ..process import Worker
from .workload import STEPS, Workload, impatience

if TYPE_CHECKING:
    from ..schedule import Schedule

__all__ = ["Condition"]

HELD_S = 0.2

PRODUCERS = 0.4
"""Fewer than consumers, so that somebody sleeps."""

TIMEOUTS_S = (None, None, None, 0.5, 5.0)
"""How long a consumer waits for an item."""


class Condition(Workload):
    """Some produce and some consume. `items` is what the condition's lock guards."""

    type = "condition"
    is_searched = False
    items = 0
    is_over = False

    async def prepare(self, schedule: Schedule, auditor: Worker) -> None:
        self._holders = Holders(schedule, 1)
        await auditor.open(None)

    async def work(self, worker: Worker) -> None:
        for _ in range(worker.chance.randint(*STEPS)):
            if await worker.call("acquire", True, None, patience=impatience(worker)) is not True:
                continue
            self._holders.enter(worker)
            await worker.pause(HELD_S)
            is_producer = worker.chance.random() < PRODUCERS
            share = self._produce if is_producer else self._consume
            if not await share(worker):
                worker.process.die()  # it does not know whether it has the lock
                return
            await worker.pause(1.0)

    async def _produce(self, worker: Worker) -> bool:
        """Add an item and notify; return whether the lock is known to be given back."""
        if self._holders.is_valid(worker):
            if await worker.call("notify", 1) is UNKNOWN:
                return False
            self.items += self._holders.is_valid(worker)
        return await self._release(worker)

    async def _consume(self, worker: Worker) -> bool:
        """Take an item, having waited for it; return as above."""
        timeout = worker.chance.choice(TIMEOUTS_S)
        while self._holders.is_valid(worker) and not self.items and not self.is_over:
            self._holders.leave(worker)
            was_notified = await worker.call("wait", timeout)
            if was_notified is UNKNOWN:
                return False
            self._holders.enter(worker)
            if was_notified is False or self.is_over:
                break
        if self._holders.is_valid(worker) and self.items:
            self.items -= 1
        return await self._release(worker)

    async def _release(self, worker: Worker) -> bool:
        return not self._holders.leave(worker) or await worker.call("release") is not UNKNOWN

    async def relieve(self, auditor: Worker) -> None:
        """See that nobody sleeps beside an item, and wake whoever sleeps."""
        schedule = auditor.schedule
        _, _, sleepers, _, _ = schedule.server.service.objects.listing(schedule.loop.time())[0]
        if sleepers and self.items:
            schedule.violate(f"{sleepers} sleep, and there are {self.items} items")
        self.is_over = True
        await auditor.call("acquire", True, None)
        await auditor.call("notify_all")
        await auditor.call("release")

    async def finish(self, auditor: Worker) -> None:
        await auditor.call("locked")

    def has_some(self, size: int) -> bool:
        return False
