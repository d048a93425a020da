"""Faults: what befalls the processes and their roads, and when. All of it out of the seed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from shared_state_protocol.wire.liveness import PEER_TIMEOUT_S

from .network import FASTEST_S, Link
from .process import Process

if TYPE_CHECKING:
    from .schedule import Schedule

__all__ = ["GRACE_S", "Faults"]

GRACE_S = 10.0
"""The grace period of simulated servers."""

MOST = 8
"""Faults in one run."""

MEAN_INTERVAL_S = 0.2
"""Of virtual time, in which a worker makes about one call."""

HOLES_S = (1.0, 5.0, PEER_TIMEOUT_S + 2.0, PEER_TIMEOUT_S + 2 * GRACE_S)
"""Unnoticed; unnoticed but by clients of little patience; shorter and longer than what noticing it
takes and the grace period together."""

SIDES = (("server",), ("client",), ("server", "client"))

LATE_S = 0.5
"""By how much the last bytes of a lost connection are late: enough to connect again before."""

LATENCIES_S = (FASTEST_S, 0.02, 0.3)


class Faults:
    """Lets a number of things happen."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._chance = schedule.chance
        self._network = schedule.network
        self._loop = schedule.loop

    async def happen(self) -> None:
        """Let them happen, one after the other."""
        for _ in range(self._chance.randint(0, MOST)):
            await asyncio.sleep(self._chance.expovariate(1 / MEAN_INTERVAL_S))
            alive = [each for each in self._schedule.processes if not each.is_over]
            if alive:
                fault = self._chance.choice(_FAULTS)
                fault(self, self._chance.choice(alive))
        await self._schedule.healed()

    def _note(self, process: Process, what: str) -> None:
        self._schedule.history.note("fault", f"{process.name} {what}")

    def cut(self, process: Process) -> None:
        """Cut the connection now."""
        orderly = self._is_orderly()
        self._note(process, f"is cut, orderly={orderly}")
        for link in list(process.road.links):
            link.cut(orderly=orderly)

    def cut_in_mid_sentence(self, process: Process) -> None:
        """Cut the connection when the next bytes are sent on it, or those after them."""
        orderly, writes = self._is_orderly(), self._chance.randint(1, 4)

        def cut(link: Link) -> None:
            nonlocal writes
            writes -= 1
            if writes:
                return
            process.road.armed = None
            self._note(process, f"is cut in mid-sentence, orderly={orderly}")
            link.cut(orderly=orderly)

        process.road.armed = cut

    def forget(self, process: Process) -> None:
        """Have the client lose its connection as it speaks; the server has not heard of it."""

        def forget(link: Link) -> None:
            process.road.armed = None
            self._note(process, "has lost its connection, and the server does not know")
            link.forget(LATE_S)

        process.road.armed = forget

    def _is_orderly(self) -> bool:
        return self._chance.random() < 0.1

    def swallow(self, process: Process) -> None:
        """Open a black hole."""
        seconds, sides = self._chance.choice(HOLES_S), self._chance.choice(SIDES)
        self._note(process, f"black hole to {sides} for {seconds} s")
        process.road.close(seconds, sides)

    def slow_down(self, process: Process) -> None:
        """Make the road slower, or fast again."""
        process.road.latency = self._chance.choice(LATENCIES_S)
        self._note(process, f"latency {process.road.latency} s")

    def hold_up(self, process: Process) -> None:
        """Have one side read nothing for a while: its process stands still, or is busy."""
        side, seconds = self._chance.choice(("server", "client")), self._chance.choice((0.5, 4.0))
        self._note(process, f"{side} reads nothing for {seconds} s")
        process.road.pause(side, seconds)

    def hold_up_everybody(self, process: Process) -> None:
        """Have a slow tick: nothing runs for a second, and then everything is late."""
        self._note(process, "and everybody is stalled")
        self._loop.stall(1.0)

    def refuse(self, process: Process) -> None:
        """Refuse new connections for a while, and cut one, so that somebody notices."""
        self._network.refuses_until = self._loop.time() + 3.0
        self.cut(process)

    def kill(self, process: Process) -> None:
        """Kill a process; another takes its place."""
        process.die()
        self._schedule.add_process()

    def cut_the_power(self, process: Process) -> None:
        """Switch a machine off; another takes its place."""
        process.die(power=True)
        self._schedule.add_process()


_FAULTS: tuple[Callable[[Faults, Process], None], ...] = (
    *(Faults.cut, Faults.cut, Faults.cut_in_mid_sentence, Faults.cut_in_mid_sentence),
    *(Faults.forget, Faults.swallow, Faults.slow_down, Faults.hold_up, Faults.hold_up_everybody),
    *(Faults.refuse, Faults.kill, Faults.cut_the_power),
)
"""Twice what finds most."""
