"""Lock audit on virtual time: whatever breaks, there is one holder, and nobody waits for nobody.

A process holds the lock from when it has read that it does until it releases it or its session is
over. One whose connection is lost holds it for the grace period.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared_state_server.session import Session

from ..fixtures.simulation import AGENT, GRACE_S, Simulation
from .simulated import SimulatedProcess

PROCESSES = 4

processes = st.integers(0, PROCESSES - 1)
timeouts = st.none() | st.sampled_from([0.0, 1.0, GRACE_S / 2])


class LockUnderFaults(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation()
        self.simulation.service.share("leader", "lock")
        self.auditor = self.simulation.peer()
        self.processes = [SimulatedProcess(self.simulation) for _ in range(PROCESSES)]
        self.holding: dict[SimulatedProcess, Session] = {}

    def connected(self, index: int) -> SimulatedProcess | None:
        process = self.processes[index]
        return process if process.peer is not None else None

    @property
    def is_locked(self) -> bool:
        locked: bool = self.auditor.call("lock.locked", "leader")
        return locked

    @rule(index=processes, timeout=timeouts)
    def acquire(self, index: int, timeout: float | None) -> None:
        process = self.connected(index)
        if process is not None:
            process.ask("lock.acquire", "leader", True, timeout, AGENT)

    @rule(index=processes)
    def read(self, index: int) -> None:
        process = self.connected(index)
        if process is None or process.peer is None:
            return
        for request, outcome in process.read():
            if request[0] == "lock.acquire" and type(outcome) is list:
                assert process not in self.holding, "it was given to its holder"
                self.holding[process] = process.peer.lane.session

    @rule(index=processes)
    def release(self, index: int) -> None:
        process = self.connected(index)
        if process is not None and process in self.holding:
            del self.holding[process]
            process.ask("lock.release", "leader")

    @rule(index=processes)
    def give_up(self, index: int) -> None:
        process = self.connected(index)
        if process is not None and process.pending:
            process.give_up()

    @rule(index=processes)
    def lose(self, index: int) -> None:
        process = self.connected(index)
        if process is not None:
            process.lose()

    @rule(index=processes)
    def come_back(self, index: int) -> None:
        if self.connected(index) is None:
            self.processes[index].come_back()

    @rule(index=processes)
    def die(self, index: int) -> None:
        dead = self.processes[index]
        self.processes[index] = SimulatedProcess(self.simulation)
        dead.die()

    @rule(seconds=st.sampled_from([0.5, 1.0, GRACE_S]))
    def pass_time(self, seconds: float) -> None:
        self.simulation.pass_time(seconds)

    @invariant()
    def there_is_one_holder(self) -> None:
        alive = {
            process: session
            for process, session in self.holding.items()
            if session.id in self.simulation.service.sessions
            and self.simulation.service.sessions[session.id] is session
        }
        self.holding = alive
        assert len(alive) <= 1
        assert self.is_locked or not alive

    @invariant()
    def nobody_waits_for_nobody(self) -> None:
        waiting = [each for each in self.processes if each.peer and each.peer.lane.waiters]
        assert self.is_locked or not waiting

    def teardown(self) -> None:
        for process in self.processes:
            process.die()
        self.simulation.pass_time(GRACE_S)
        assert not self.is_locked
        assert not self.simulation.service.deadlines.next()


TestLockUnderFaults = LockUnderFaults.TestCase
TestLockUnderFaults.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
