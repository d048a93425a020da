"""A shared barrier does what a `threading.Barrier` does, to parties that wait in threads."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ..fixtures.simulation import Simulation
from ..fixtures.watching import LONG_S, until

PARTIES = 3


def outcome(waiting: Future[int]) -> str:
    """Say what came of a wait of the plain barrier."""
    try:
        return f"went on as {waiting.result(LONG_S)}"
    except threading.BrokenBarrierError:
        return "broken"


class BarrierMachine(RuleBasedStateMachine):
    """Does everything to a shared barrier and to a plain one, and awaits what comes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation()
        self.peer = self.simulation.peer("barrier.open", "start", PARTIES, None)
        self.plain = threading.Barrier(PARTIES)
        self.threads = ThreadPoolExecutor(PARTIES)
        self.waits: dict[int, Future[int]] = {}

    def shared_outcome(self, number: int) -> str:
        try:
            return f"went on as {self.peer.outcome(number)[0]}"
        except threading.BrokenBarrierError:
            return "broken"

    def settle(self) -> None:
        """Assert that what is over for a party of the one is over in the same way for the other."""
        for number in [each for each in self.waits if each in self.peer.replies]:
            assert self.shared_outcome(number) == outcome(self.waits.pop(number))
        until(lambda: self.plain.n_waiting == len(self.waits))
        assert not any(each.done() for each in self.waits.values())

    @rule(parties=st.integers(1, PARTIES))
    def come(self, parties: int) -> None:
        for _ in range(parties):
            number = self.peer.ask("barrier.arrive", "start", None, False)
            self.waits[number] = self.threads.submit(self.plain.wait)
            self.settle()

    @rule()
    def come_too_late(self) -> None:
        if len(self.waits) == PARTIES - 1:
            return  # the last: no time is enough
        number = self.peer.ask("barrier.arrive", "start", 0.0, False)
        self.waits[number] = self.threads.submit(self.plain.wait, 0.0)
        self.simulation.pass_time(0.0)
        self.settle()

    @rule(ending=st.sampled_from(["abort", "reset"]))
    def end(self, ending: str) -> None:
        self.peer.call(f"barrier.{ending}", "start")
        getattr(self.plain, ending)()
        self.settle()

    @invariant()
    def same(self) -> None:
        assert self.peer.call("barrier.broken", "start") == self.plain.broken
        assert self.peer.call("barrier.n_waiting", "start") == self.plain.n_waiting

    def teardown(self) -> None:
        self.end("abort")
        self.threads.shutdown()


TestBarrier = BarrierMachine.TestCase
TestBarrier.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
