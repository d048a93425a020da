"""A schedule: one run of a workload under faults, all of it decided by one seed.

The server, its clients, the network between them and the clock are in this process and on one loop.
Server and clients are the product; see `network` for what is not. A run has four parts: the
processes work while the faults happen; the network heals and everybody comes to an end; the auditor
reads what is left; and the history is judged. A `Violation` has the seed and the whole history in
its text.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared_state_server.listener import Server
from shared_state_server.session import Session
from shared_state_server.settings import Settings

from .audits import audit_waiters
from .faults import GRACE_S, Faults
from .history import History
from .linearizability import Undecided, check_witness, search
from .loop import Deadlock, VirtualLoop
from .network import FASTEST_S, Listening, Network
from .process import KEY, Process, Worker
from .witness import Event, Witness

if TYPE_CHECKING:
    from .workloads.workload import Workload

__all__ = ["Schedule", "Violation"]

SHORT = 40
"""Calls of a history for which an order is searched."""

PROCESSES = (2, 4)
WORKERS = (1, 3)

SETTLED_S = 120.0
"""By when everybody has come to an end: all of their timeouts, and the longest of the faults."""

ENDED_S = 60.0
"""By when the server knows of everybody who is gone: silence, and the grace period."""


class Violation(AssertionError):
    """Something that must hold does not; the text says what, and how it came to it."""


class Schedule:
    """One run. `is_searched` says that an order was searched for, and found."""

    def __init__(self, workload: Workload, seed: int) -> None:
        self.workload = workload
        self.seed = seed
        self.is_searched = False
        self.loop = VirtualLoop()  # type: ignore[abstract]  # it has what we ask of a loop
        self.chance = random.Random(f"{type(workload).__name__} {seed}")
        self.network = Network(self.loop, self.chance)
        self.history = History(self.loop.time)
        self.witness = Witness(lambda: self.history.events)
        self.witness.lost = self._take_note_of_loss
        self.witness.ended = self._check_end
        self.processes: list[Process] = []
        self.server: Server
        self._violations: list[str] = []
        self._losses: dict[Session, tuple[float, bool]] = {}
        self._names = iter(range(1, 1000))

    def run(self) -> None:
        """Run it.

        Raises:
            Violation: something that must hold does not.
        """
        with self.witness.watching(), _quiet():
            try:
                self.loop.run(self._play())
            except Deadlock as deadlock:
                self.violate(str(deadlock))
        self._judge()
        if self._violations:
            title = f"{type(self.workload).__name__} seed {self.seed}: {self._violations[0]}"
            raise Violation(f"{title}\n{self.history}\n{title}")

    def violate(self, what: str) -> None:
        """Say what does not hold. The run goes on: whoever finds it may be deep in the server."""
        self.history.note("WRONG", what)
        self._violations.append(what)

    def look(self) -> None:
        """Look whether all is well just now."""
        audit_waiters(self)

    def add_process(self) -> Process:
        """Have one more process work."""
        process = Process(self, f"p{next(self._names)}")
        self.processes.append(process)
        process.start(self.workload.work, self.chance.randint(*WORKERS))
        return process

    async def healed(self) -> None:
        """Make the roads as good as new, as soon as what is wrong with them is over."""
        for process in self.processes:
            process.road.armed = None
            process.road.latency = FASTEST_S

    async def _play(self) -> None:
        settings = Settings(authkey=KEY, unix_socket=False, session_grace=GRACE_S, busy_poll=0.0)
        self.server = Server(settings, clock=self.loop.time)
        await self.server.open(Listening())  # type: ignore[arg-type]  # as much of a socket as is used
        auditor = Process(self, "auditor")
        await auditor.connect()
        await self.workload.prepare(self, Worker(auditor, 0))
        for _ in range(self.chance.randint(*PROCESSES)):
            self.add_process()
        await Faults(self).happen()
        await asyncio.sleep(ENDED_S)  # what was handed to the dead comes back
        await self.workload.relieve(Worker(auditor, 0))
        await self._settle()
        await self.workload.finish(Worker(auditor, 0))
        for process in [*self.processes, auditor]:
            if not process.is_over:
                await process.leave()
        await asyncio.sleep(ENDED_S)
        self._check_nothing_left()

    async def _settle(self) -> None:
        end = self.loop.time() + SETTLED_S
        while stuck := [task for each in self.processes for task in each.stuck]:
            if self.loop.time() > end:
                names = [each.name for each in self.processes if each.stuck]
                self.violate(f"workers of {names} wait for ever")
                return
            await asyncio.wait(stuck, timeout=end - self.loop.time() + 1.0)
        for task in [task for each in self.processes for task in each.tasks]:
            error = task.exception() if task.done() and not task.cancelled() else None
            if error is not None:
                self.violate(f"a worker ended with {error!r}")

    # What is watched

    def _process_of(self, session: Session) -> Process | None:
        return next((each for each in self.processes if each.session_id == session.id), None)

    def _take_note_of_loss(self, session: Session, orderly: bool) -> None:
        process = self._process_of(session)
        if process is not None:
            self.history.note("lost", f"{process.name}, orderly={orderly}")
            self._losses[session] = self.loop.time(), orderly

    def _check_end(self, session: Session) -> None:
        """A session ends when its process is gone, and not before the grace period is over."""
        process = self._process_of(session)
        if process is None:
            return
        self.history.note("end", f"of the session of {process.name}")
        lost_at, orderly = self._losses.get(session, (self.loop.time(), False))
        in_time = orderly or self.loop.time() - lost_at >= GRACE_S - 1e-6
        if not process.is_over and not in_time:
            self.violate(f"the session of {process.name} ended within its grace period")

    def _check_nothing_left(self) -> None:
        service = self.server.service
        if service.sessions:
            self.violate(f"{len(service.sessions)} sessions are left behind")
        if service.deadlines.next() is not None:
            self.violate("a deadline is left behind")
        for name, _, _, owners, waiters in service.objects.listing(self.loop.time()):
            if waiters or owners:
                self.violate(f"{name} has {waiters} waiters and {len(owners)} owners left")
        if self.loop.errors:
            self.violate(f"nobody handled {self.loop.errors[0]}")

    # What is judged

    def _judge(self) -> None:
        calls, events = self.history.calls, self.witness.events
        if self.witness.out_of_turn:
            self.violate(f"served out of turn: {self.witness.out_of_turn[0]}")
        ends = [event for event in events if event.kind == "end"]
        self.workload.audit(self, ends)
        model = self.workload.model
        if model is None:
            return
        if len(calls) <= SHORT:
            self._search(ends)
        wrong = check_witness(model, calls, events)
        if wrong is not None:
            self.violate(wrong)

    def _search(self, ends: list[Event]) -> None:
        model = self.workload.model
        assert model is not None
        try:
            self.is_searched = search(model, self.history.calls, ends)
        except Undecided:
            return
        if not self.is_searched:
            self.violate("no order of the calls explains their results")


@contextmanager
def _quiet() -> Iterator[None]:
    """Write no log: a thousand runs have ten thousand lines."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
