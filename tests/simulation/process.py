"""A simulated process: a real async client behind a road of its own, and the tasks that use it.

A `Worker` calls operations one after the other and writes a history of them. It may give a call up
(its task is cancelled), and its process may die (its road is severed, so that no goodbye of
whatever kind gets out, and then all its tasks end).
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from shared_state import AsyncClient
from shared_state.async_lane import AsyncLane
from shared_state.objects import AWAITING
from shared_state.request import Request
from shared_state_protocol.address import Address
from shared_state_protocol.contract import Operation
from shared_state_protocol.errors import OutcomeUnknown
from shared_state_protocol.wire.liveness import PEER_TIMEOUT_S
from shared_state_server.session import Session

from .history import UNKNOWN, Call, Raised

if TYPE_CHECKING:
    from .schedule import Schedule

__all__ = ["KEY", "Process", "Worker"]

KEY = b"the key of a simulation, of 32 b"

RESULTS = (queue.Empty, queue.Full, IndexError, KeyError, RuntimeError, ValueError)
"""Exceptions that say something about the object. All others are defects, or leave it unknown."""

TIMEOUTS_S = (2.0, 10.0)
"""How long a client waits for a reply: shorter and longer than the faults."""


CONNECT_AGAIN_S = 0.1
"""Pause of a process that nobody answers at its start."""


class ObservedLane(AsyncLane):
    """The lane of an async client, which tells what number the request of each call has."""

    beginning: Call | None = None

    def _ask(
        self, operation: Operation[..., Any], name: str, arguments: tuple[Any, ...]
    ) -> tuple[Request, asyncio.Future[Any]]:
        beginning, self.beginning = self.beginning, None  # others may be asked before this one
        request, future = super()._ask(operation, name, arguments)
        if beginning is not None:
            beginning.number = request.number
        return request, future


class Process:
    """One client and its workers. `is_over` says that it has died, or has said goodbye."""

    def __init__(self, schedule: Schedule, name: str) -> None:
        self.schedule = schedule
        self.name = name
        self.is_over = False
        self.road = schedule.network.road(name)
        timeout = schedule.chance.choice(TIMEOUTS_S)
        address = Address("tcp", host=name, port=1)
        self.client = AsyncClient((address,), KEY, timeout, False, PEER_TIMEOUT_S, False)
        reconnecting = self.client._open_the_rest
        self.client._lane = self.lane = ObservedLane(self.client._session, reconnecting)
        self.session_id = schedule.chance.randbytes(16)
        self.client._session._id = self.session_id
        self.client._session.random = random.Random(self.session_id)
        self.tasks: list[asyncio.Task[None]] = []

    @property
    def session(self) -> Session | None:
        """The session of this process as the server has it now."""
        return self.schedule.server.service.sessions.get(self.session_id)

    def start(self, work: Callable[[Worker], Awaitable[None]], workers: int) -> None:
        """Connect, and begin to work."""
        loop = self.schedule.loop
        connected = loop.create_task(self.connect())
        for number in range(workers):
            self.tasks.append(loop.create_task(self._run(work, Worker(self, number), connected)))

    async def connect(self) -> None:
        """Connect; nothing stops it, for what has not begun cannot have gone wrong."""
        while True:
            try:
                return await self.client.connect()
            except OSError:
                await asyncio.sleep(CONNECT_AGAIN_S)

    async def _run(
        self,
        work: Callable[[Worker], Awaitable[None]],
        worker: Worker,
        connected: asyncio.Task[None],
    ) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await connected
            await work(worker)

    @property
    def stuck(self) -> list[asyncio.Task[None]]:
        """The workers that have not come to their end; of the dead, none."""
        return [] if self.is_over else [task for task in self.tasks if not task.done()]

    def die(self, *, power: bool = False) -> None:
        """End at once: killed, or without `power`."""
        if not self.is_over:
            self.is_over = True
            self.schedule.history.note("dies", f"{self.name}{' (power)' if power else ''}")
            self.road.sever(power=power)
            for task in self.tasks:
                task.cancel()

    async def leave(self) -> None:
        """Say goodbye."""
        self.is_over = True
        await self.client.close()


class Worker:
    """One task of a process."""

    def __init__(self, process: Process, number: int) -> None:
        self.process = process
        self.schedule = process.schedule
        self.chance = process.schedule.chance
        self.number = number

    async def pause(self, seconds: float) -> None:
        """Do something else for up to so long."""
        await asyncio.sleep(seconds * self.chance.random() ** 3)

    async def open(self, *options: Any) -> None:
        """Create the object that the workload is about."""
        kind = self.schedule.workload.type
        proxy: Any = AWAITING[kind](kind, self.process.client)
        await proxy.open(*options)

    async def call(self, operation: str, *arguments: Any, patience: float | None = None) -> Any:
        """Carry out one operation of the object that the workload is about.

        After `patience` seconds it is given up. Returns its result, a `Raised`, or `UNKNOWN`.
        """
        process, workload = self.process, self.schedule.workload
        proxy = AWAITING[workload.type](workload.type, process.client)
        call = Call(process.name, self.number, process.session_id, operation, arguments)
        self.schedule.history.begin(call)
        process.lane.beginning = call
        task = asyncio.current_task()
        assert task is not None
        alarm = patience is not None and self.schedule.loop.call_later(patience, task.cancel)
        result = await self._outcome(getattr(proxy, operation)(*arguments))
        process.lane.beginning = None  # it may have been told of a loss instead of being sent
        if alarm:
            alarm.cancel()
        self.schedule.history.end(call, result)
        self.schedule.look()
        return result

    async def _outcome(self, call: Awaitable[Any]) -> Any:
        try:
            return await call
        except (OSError, asyncio.TimeoutError, OutcomeUnknown) as error:
            self.schedule.history.note("   !", f"{self.process.name}.{self.number} {error!r}")
            return UNKNOWN
        except asyncio.CancelledError:
            if self.process.is_over:
                raise
            return UNKNOWN
        except RESULTS as error:
            return Raised(type(error).__name__)
