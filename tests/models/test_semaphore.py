"""A shared semaphore does what threading's does, as far as nobody has to wait.

A client that is given up gets its permits taken away, and learns so when it releases them.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import shared_state
from shared_state import LockLost

from ..fixtures.clients import Either
from .outcome import outcome
from .simulated import Simulated

SIMULATED = settings(max_examples=100, stateful_step_count=40, deadline=None)
OVER_THE_WIRE = settings(max_examples=15, stateful_step_count=30, deadline=None)

AT_ONCE = st.sampled_from([(False, None), (False, 1.0), (False, -1.0), (True, 0.0), (True, -1.0)])
"""`block` and `timeout` of calls that never wait."""

KINDS = {
    "semaphore": (shared_state.Semaphore, threading.Semaphore),
    "bounded_semaphore": (shared_state.BoundedSemaphore, threading.BoundedSemaphore),
}


class Losing:
    """A plain semaphore of one process, which may lose what it has."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain
        self._held = 0
        self._lost = 0

    @property
    def value(self) -> int:
        return int(self._plain._value)

    def acquire(self, blocking: bool, timeout: float | None) -> bool:
        taken: bool = self._plain.acquire(blocking, timeout)
        self._held += taken
        return taken

    def release(self, n: int) -> None:
        told = min(n - self._held, self._lost)
        if told > 0:
            self._lost -= told
            raise LockLost
        self._plain.release(n)
        self._held = max(self._held - n, 0)

    def lose(self) -> None:
        if self._held:
            self._plain.release(self._held)
        self._held, self._lost = 0, self._lost + self._held


class SemaphoreMachine(RuleBasedStateMachine):
    """Does everything to a shared semaphore and to a plain one."""

    def __init__(self, make: Callable[[int], Any], plain: Callable[[int], Any]) -> None:
        super().__init__()
        self.make = make, plain
        self.shared: Any
        self.plain: Any

    @initialize(value=st.integers(0, 4))
    def begin(self, value: int) -> None:
        shared, plain = self.make
        self.shared, self.plain = shared(value), Losing(plain(value))

    @rule(wait=AT_ONCE)
    def acquire(self, wait: tuple[bool, float | None]) -> None:
        assert outcome(self.shared.acquire, *wait) == outcome(self.plain.acquire, *wait)

    @rule(n=st.integers(-1, 3))
    def release(self, n: int) -> None:
        assert outcome(self.shared.release, n) == outcome(self.plain.release, n)

    @invariant()
    def same(self) -> None:
        assert self.shared.value() == self.plain.value


class LosingMachine(SemaphoreMachine):
    """Loses what it has now and then."""

    @rule()
    def lose(self) -> None:
        self.shared.client.lose()
        self.plain.lose()


@pytest.mark.parametrize("kind", KINDS)
def test_the_behaviour_of_a_semaphore(kind: str) -> None:
    client: Any = Simulated()
    names = map(str, itertools.count())
    shared, plain = KINDS[kind]

    def make(value: int) -> Any:
        made = shared(next(names), client)
        client.peer.call(f"{kind}.open", made.name, value)
        return made

    run_state_machine_as_test(
        lambda: LosingMachine(make, plain),  # type: ignore[arg-type]  # a factory is enough
        settings=SIMULATED,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_shared_semaphore(either: Either, kind: str) -> None:
    names = map(str, itertools.count())

    def make(value: int) -> Any:
        return getattr(either, kind)(next(names), value)

    run_state_machine_as_test(
        lambda: SemaphoreMachine(make, KINDS[kind][1]),  # type: ignore[arg-type]  # as above
        settings=OVER_THE_WIRE,
    )
