"""A shared rlock does what a `threading.RLock` does, whoever of three calls it.

Two of the three are agents of one process. The plain one is called by three threads.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ..fixtures.simulation import Simulation
from .outcome import outcome

AT_ONCE = st.sampled_from([(False, None), (False, 1.0), (False, -1.0), (True, 0.0), (True, -2.0)])
"""`block` and `timeout` of calls that never wait."""

PLAIN_DEFAULT = -1
"""What None is to a `threading.RLock`."""

callers = st.integers(0, 2)


class RLockMachine(RuleBasedStateMachine):
    """Does everything to a shared rlock and to a plain one."""

    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation()
        process, other = (self.simulation.peer("rlock.open", "leader") for _ in range(2))
        self.agents = [(process, 1), (process, 2), (other, 1)]
        self.plain = threading.RLock()
        self.threads = [ThreadPoolExecutor(1) for _ in self.agents]
        self.depth = 0

    def shared(self, caller: int, wire: str, *arguments: object) -> object:
        peer, agent = self.agents[caller]
        number = peer.ask(wire, "leader", *arguments, agent, acknowledged=peer.previous)
        self.simulation.pass_time(0.0)  # ends waits of no time at all
        return peer.outcome(number)

    def taken(self, caller: int, *wait: object) -> bool:
        return self.shared(caller, "rlock.acquire", *wait) is not None

    @rule(caller=callers, wait=AT_ONCE)
    def acquire(self, caller: int, wait: tuple[bool, float | None]) -> None:
        block, timeout = wait
        plain = self.threads[caller].submit(
            outcome, self.plain.acquire, block, PLAIN_DEFAULT if timeout is None else timeout
        )
        found = outcome(self.taken, caller, block, timeout)
        assert found == plain.result()
        self.depth += found == "returned True"

    @rule(caller=callers)
    def release(self, caller: int) -> None:
        plain = self.threads[caller].submit(outcome, self.plain.release)
        found = outcome(self.shared, caller, "rlock.release")
        assert found == plain.result()
        self.depth -= found == "returned None"

    @invariant()
    def same(self) -> None:
        assert self.agents[0][0].call("rlock.locked", "leader") is bool(self.depth)

    def teardown(self) -> None:
        for thread in self.threads:
            thread.shutdown()


TestRLock = RLockMachine.TestCase
TestRLock.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
