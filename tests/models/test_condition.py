"""A shared condition does what a `threading.Condition` does, whoever of four calls it.

Two are agents of one process, two of another. The plain one is called by four threads. Whoever has
waited gives the lock back at once, as often as it had it: in which order several that were woken
get it is said by the shared one only.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any, NamedTuple

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ..fixtures.simulation import Simulation
from ..fixtures.watching import LONG_S, until
from .outcome import outcome
from .thread import Thread

CALLERS = 4
HOLDER = -1
"""Whoever has the lock, to whom most of what can be done is allowed."""

callers = st.sampled_from([*range(CALLERS), HOLDER, HOLDER, HOLDER])


class Wait(NamedTuple):
    """A wait of both: the request, the thread, and how deep the caller had the lock."""

    number: int
    plain: Future[bool]
    depth: int


class ConditionMachine(RuleBasedStateMachine):
    """Does everything to a shared condition and to a plain one, and awaits what comes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation()
        first, second = (self.simulation.peer("condition.open", "changed", None) for _ in "12")
        self.agents = [(first, 1), (first, 2), (second, 1), (second, 2)]
        self.plain = threading.Condition()
        self.threads = [Thread() for _ in range(CALLERS)]
        self.waits: dict[int, Wait] = {}
        self.holder, self.depth = 0, 0

    # What a caller does to each

    def ask(self, caller: int, wire: str, *arguments: object) -> int:
        peer, agent = self.agents[caller]
        number = peer.ask(wire, "changed", *arguments, agent)
        self.simulation.pass_time(0.0)  # ends waits of no time at all
        return number

    def both(self, caller: int, wire: str, *arguments: object) -> str:
        """Have a caller do to both what answers at once; return what came of it."""
        method = getattr(self.plain, wire.partition(".")[2])
        plain = self.threads[caller].submit(outcome, method, *arguments)
        found = outcome(self.shared, caller, wire, *arguments)
        assert found == plain.result(LONG_S)
        return found

    def shared(self, caller: int, wire: str, *arguments: object) -> Any:
        """Have a caller do to the shared one what answers at once; return what a proxy would."""
        takes = wire == "rlock.acquire"
        number = self.ask(caller, wire, *arguments, *((None,) if takes else ()))
        result = self.agents[caller][0].outcome(number)
        return result is not None if takes else result

    def wait_and_release(self, timeout: float | None, depth: int) -> bool:
        """Wait for the plain condition."""
        found = self.plain.wait(timeout)
        for _ in range(depth):
            self.plain.release()
        return found

    def settle(self) -> None:
        """Have who was woken give the lock back, and assert that the same ones were woken."""
        while answered := [caller for caller in self.waits if self.is_answered(caller)]:
            (caller,) = answered  # one has the lock
            wait = self.waits.pop(caller)
            woken, _ = self.agents[caller][0].outcome(wait.number)
            for _ in range(wait.depth):
                released = self.ask(caller, "rlock.release")
                assert self.agents[caller][0].outcome(released) is None
            assert woken is wait.plain.result(LONG_S)
        assert not any(wait.plain.done() for wait in self.waits.values())

    def is_answered(self, caller: int) -> bool:
        return self.waits[caller].number in self.agents[caller][0].replies

    # Rules

    def chosen(self, caller: int) -> int:
        return self.holder if caller == HOLDER else caller

    @rule(caller=callers)
    def acquire(self, caller: int) -> None:
        caller = self.chosen(caller)
        if caller in self.waits:
            return
        if self.both(caller, "rlock.acquire", False) == "returned True":
            self.holder, self.depth = caller, self.depth + 1

    @rule(caller=callers)
    def release(self, caller: int) -> None:
        caller = self.chosen(caller)
        if caller not in self.waits and self.both(caller, "rlock.release") == "returned None":
            self.depth -= 1
            if not self.depth:
                self.settle()

    @rule(caller=callers, timeout=st.sampled_from([None, None, 0.0, -1.0]))
    def wait(self, caller: int, timeout: float | None) -> None:
        caller = self.chosen(caller)
        if caller in self.waits:
            return
        if not self.depth or caller != self.holder:
            assert self.both(caller, "condition.wait", timeout) == "raised RuntimeError"
            return
        number = self.ask(caller, "condition.wait", timeout)
        plain = self.threads[caller].submit(self.wait_and_release, timeout, self.depth)
        self.waits[caller] = Wait(number, plain, self.depth)
        self.depth = 0
        until(lambda: plain.done() or self.sleepers() == self.plain_sleepers())
        self.settle()

    @rule(caller=callers, n=st.integers(0, CALLERS))
    def notify(self, caller: int, n: int) -> None:
        caller = self.chosen(caller)
        if caller not in self.waits:
            self.both(caller, "condition.notify", n)

    @rule(caller=callers)
    def notify_all(self, caller: int) -> None:
        caller = self.chosen(caller)
        if caller not in self.waits:
            self.both(caller, "condition.notify_all")

    @rule(caller=callers)
    def sleep(self, caller: int) -> None:
        """What a consumer does."""
        self.acquire(caller)
        self.wait(caller, None)

    @rule(caller=callers, n=st.integers(1, 2))
    def change(self, caller: int, n: int) -> None:
        """What a producer does."""
        self.acquire(caller)
        self.notify(caller, n)
        self.release(caller)

    def sleepers(self) -> int:
        """Return how many wait for the shared condition and were not notified."""
        _, ((_, _, size, _, _),) = self.agents[0][0].call("state.objects", "")
        return int(size)

    def plain_sleepers(self) -> int:
        """Return how many wait for the plain one and were not notified."""
        return len(self.plain._waiters)  # type: ignore[attr-defined]  # nobody else knows

    @invariant()
    def same(self) -> None:
        assert self.sleepers() == self.plain_sleepers()
        assert self.agents[0][0].call("rlock.locked", "changed") is bool(self.depth)

    def teardown(self) -> None:
        if not self.depth:
            caller = next(each for each in range(CALLERS + 1) if each not in self.waits)
            if caller == CALLERS:  # everybody waits
                self.wake_from_outside()
                return
            self.acquire(caller)
        self.notify_all(self.holder)
        while self.depth:
            self.release(self.holder)
        assert not self.waits
        for thread in self.threads:
            thread.shutdown()

    def wake_from_outside(self) -> None:
        """Notify both as one who is none of the callers."""
        self.agents.append((self.simulation.peer(), 1))
        self.threads.append(Thread())
        self.acquire(CALLERS)
        self.teardown()


TestCondition = ConditionMachine.TestCase
TestCondition.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    # To make a failing example smaller would take `LONG_S` for each wait that never ends.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
