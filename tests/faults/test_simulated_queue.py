"""Queue audit on virtual time: whatever breaks, and whenever, nothing is lost or double.

Every item is unique. In the end, what was got and what is left must be what was put: each item
whose put was answered exactly once, each item whose put was not answered at most once.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ..fixtures.simulation import GRACE_S, Simulation
from .simulated import SimulatedProcess

PROCESSES = 3
MAXSIZE = 3

processes = st.integers(0, PROCESSES - 1)
timeouts = st.none() | st.sampled_from([0.0, 1.0, GRACE_S / 2])


class QueueUnderFaults(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation()
        self.simulation.service.share("jobs", "queue")
        self.auditor = self.simulation.peer("queue.open", "narrow", MAXSIZE, None, None)
        self.processes = [SimulatedProcess(self.simulation) for _ in range(PROCESSES)]
        self.items = itertools.count(1)
        self.put: Counter[bytes] = Counter()
        self.maybe_put: Counter[bytes] = Counter()
        self.got: Counter[bytes] = Counter()

    def connected(self, index: int) -> SimulatedProcess | None:
        process = self.processes[index]
        return process if process.peer is not None else None

    def unanswered(self, requests: list[tuple[Any, ...]]) -> None:
        for request in requests:
            if request[0] == "queue.put":
                self.maybe_put[request[2]] += 1

    @rule(index=processes, timeout=timeouts)
    def put_item(self, index: int, timeout: float | None) -> None:
        process = self.connected(index)
        if process is not None:
            item = b"item %d" % next(self.items)
            process.ask("queue.put", "narrow", item, True, timeout)

    @rule(index=processes, timeout=timeouts)
    def get_item(self, index: int, timeout: float | None) -> None:
        process = self.connected(index)
        if process is not None:
            process.ask("queue.get", "narrow", True, timeout)

    @rule(index=processes)
    def read(self, index: int) -> None:
        process = self.connected(index)
        for request, outcome in process.read() if process is not None else []:
            if isinstance(outcome, Exception):
                continue
            if request[0] == "queue.put":
                self.put[request[2]] += 1
            else:
                self.got[outcome] += 1

    @rule(index=processes)
    def give_up(self, index: int) -> None:
        process = self.connected(index)
        if process is not None and process.pending:
            self.unanswered([process.give_up()])

    @rule(index=processes)
    def lose(self, index: int) -> None:
        process = self.connected(index)
        if process is not None:
            process.lose()

    @rule(index=processes)
    def come_back(self, index: int) -> None:
        if self.connected(index) is None:
            self.unanswered(self.processes[index].come_back())

    @rule(index=processes)
    def die(self, index: int) -> None:
        self.unanswered(self.processes[index].die())
        self.processes[index] = SimulatedProcess(self.simulation)

    @rule(seconds=st.sampled_from([0.5, 1.0, GRACE_S]))
    def pass_time(self, seconds: float) -> None:
        self.simulation.pass_time(seconds)

    @invariant()
    def nobody_waits_in_vain(self) -> None:
        """Nobody waits for an item while there is one, nor for room while there is some."""
        waiting = {
            process.pending[number][0]
            for process in self.processes
            if process.peer is not None
            for number in process.peer.lane.waiters
        }
        size = self.auditor.call("queue.qsize", "narrow")
        assert not ("queue.get" in waiting and size)
        assert not ("queue.put" in waiting and size < MAXSIZE)

    def teardown(self) -> None:
        for process in self.processes:
            self.unanswered(process.die())
        self.simulation.pass_time(GRACE_S)
        found = self.got + Counter(self.auditor.take_all("narrow"))
        assert all(times == 1 for times in found.values()), "an item came twice"
        assert set(self.put) <= set(found), "an item was lost"
        assert set(found) <= set(self.put) | set(self.maybe_put), "an item came from nowhere"


TestQueueUnderFaults = QueueUnderFaults.TestCase
TestQueueUnderFaults.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
