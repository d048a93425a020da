"""A shared event does what a `threading.Event` does, to those who wait in threads.

Waiters of several processes wait for the shared one, and a thread each for the plain one.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ..fixtures.simulation import Peer, Simulation
from ..fixtures.watching import LONG_S, until
from .thread import Thread

WAITERS = 6
"""At a time."""

NO_TIME = st.sampled_from([0.0, -1.0])


class EventMachine(RuleBasedStateMachine):
    """Does everything to a shared event and to a plain one, and awaits what comes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.simulation = Simulation()
        self.peers = [self.simulation.peer("event.open", "ready") for _ in range(3)]
        self.plain = threading.Event()
        self.waits: list[tuple[Peer, int, Future[bool]]] = []

    def settle(self) -> None:
        """Assert that what is over for a waiter of the one is over for that of the other."""
        for wait in list(self.waits):
            peer, number, plain = wait
            if number in peer.replies:
                assert peer.outcome(number) is plain.result(LONG_S)
                self.waits.remove(wait)
        until(lambda: self.asleep() == len(self.waits))
        assert not any(plain.done() for _, _, plain in self.waits)

    def asleep(self) -> int:
        """Return how many threads wait for the plain event."""
        return len(self.plain._cond._waiters)  # type: ignore[attr-defined]  # nobody else knows

    @precondition(lambda self: len(self.waits) < WAITERS)
    @rule(process=st.integers(0, 2))
    def wait(self, process: int) -> None:
        number = self.peers[process].ask("event.wait", "ready", None)
        thread = Thread()
        self.waits.append((self.peers[process], number, thread.submit(self.plain.wait)))
        thread.shutdown()
        self.settle()

    @rule(process=st.integers(0, 2), timeout=NO_TIME)
    def wait_no_time(self, process: int, timeout: float) -> None:
        number = self.peers[process].ask("event.wait", "ready", timeout)
        self.simulation.pass_time(0.0)
        assert self.peers[process].outcome(number) is self.plain.wait(timeout)

    @rule(change=st.sampled_from(["set", "clear"]))
    def change(self, change: str) -> None:
        self.peers[0].call(f"event.{change}", "ready")
        getattr(self.plain, change)()
        self.settle()

    @rule()
    def set_and_clear(self) -> None:
        """Whoever waits is woken, even if the flag is not set any more when it looks."""
        for change in ("set", "clear"):
            self.peers[0].call(f"event.{change}", "ready")
            getattr(self.plain, change)()
        self.settle()

    @invariant()
    def same(self) -> None:
        _, ((_, _, size, _, waiters),) = self.peers[0].call("state.objects", "")
        assert self.peers[1].call("event.is_set", "ready") is self.plain.is_set() is bool(size)
        assert waiters == len(self.waits)

    def teardown(self) -> None:
        self.change("set")
        assert not self.waits


TestEvent = EventMachine.TestCase
TestEvent.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    # To make a failing example smaller would take `LONG_S` for each wait that never ends.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
