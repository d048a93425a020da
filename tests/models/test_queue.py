"""A shared queue does what a `queue.Queue` does, as far as nobody has to wait.

Waits of no time at all are part of it: they find out at once that they are over.
"""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import shared_state

from ..fixtures.clients import Either
from .outcome import outcome
from .simulated import Simulated

SIMULATED = settings(max_examples=150, stateful_step_count=50, deadline=None)
OVER_THE_WIRE = settings(max_examples=30, stateful_step_count=40, deadline=None)

ITEMS = st.none() | st.integers(0, 9) | st.text(max_size=2)
AT_ONCE = st.sampled_from([(False, None), (False, 5.0), (False, -1.0), (True, 0.0), (True, -1.0)])
"""`block` and `timeout` of calls that never wait."""


class PlainQueue(queue.Queue[Any]):
    """A `queue.Queue` that can take or give several at once."""

    def put_many(self, items: list[Any], block: bool, timeout: float | None) -> None:
        """Put all items or none."""
        if self.maxsize > 0 and block and timeout is not None and timeout < 0:
            raise ValueError
        if 0 < self.maxsize < len(items):
            raise ValueError
        if 0 < self.maxsize < self.qsize() + len(items):
            raise queue.Full
        for item in items:
            self.put_nowait(item)

    def get_many(self, max_items: int, block: bool, timeout: float | None) -> list[Any]:
        """Get up to so many, but at least one."""
        got = [self.get(block, timeout)]
        while len(got) < max_items and not self.empty():
            got.append(self.get_nowait())
        return got


class QueueMachine(RuleBasedStateMachine):
    """Does everything to a shared queue and to a plain one."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        super().__init__()
        self.make = make
        self.shared: Any
        self.plain: PlainQueue
        self.is_shut = False

    @initialize(maxsize=st.integers(-1, 4))
    def begin(self, maxsize: int) -> None:
        self.shared = self.make(maxsize)
        self.plain = PlainQueue(maxsize)

    def agree(self, shared: Callable[..., Any], plain: Callable[..., Any], *given: Any) -> None:
        """Assert that both come to the same."""
        assert outcome(shared, *given) == outcome(plain, *given)

    @rule(item=ITEMS, wait=AT_ONCE)
    def put(self, item: Any, wait: tuple[bool, float | None]) -> None:
        self.agree(self.shared.put, self.plain.put, item, *wait)

    @rule(item=ITEMS)
    def put_nowait(self, item: Any) -> None:
        self.agree(self.shared.put_nowait, self.plain.put_nowait, item)

    @precondition(lambda self: not self.is_shut)
    @rule(items=st.lists(ITEMS, max_size=5), wait=AT_ONCE)
    def put_many(self, items: list[Any], wait: tuple[bool, float | None]) -> None:
        self.agree(self.shared.put_many, self.plain.put_many, items, *wait)

    @rule(wait=AT_ONCE)
    def get(self, wait: tuple[bool, float | None]) -> None:
        self.agree(self.shared.get, self.plain.get, *wait)

    @rule()
    def get_nowait(self) -> None:
        self.agree(self.shared.get_nowait, self.plain.get_nowait)

    @rule(max_items=st.integers(1, 4), wait=AT_ONCE)
    def get_many(self, max_items: int, wait: tuple[bool, float | None]) -> None:
        self.agree(self.shared.get_many, self.plain.get_many, max_items, *wait)

    @rule()
    def task_done(self) -> None:
        self.agree(self.shared.task_done, self.plain.task_done)

    @precondition(lambda self: hasattr(queue.Queue, "shutdown"))
    @rule(immediate=st.booleans())
    def shutdown(self, immediate: bool) -> None:
        self.is_shut = True
        shutdown = getattr(self.plain, "shutdown")  # noqa: B009  # since Python 3.13
        self.agree(self.shared.shutdown, shutdown, immediate)

    @invariant()
    def same(self) -> None:
        shared, plain = self.shared, self.plain
        assert shared.qsize() == plain.qsize()
        assert shared.empty() == plain.empty()
        assert shared.full() == plain.full()
        assert shared.maxsize() == max(plain.maxsize, 0)
        assert shared.join(0.0) == (plain.unfinished_tasks == 0)

    def teardown(self) -> None:
        while not self.plain.empty():
            self.get_nowait()


def test_the_behaviour_of_a_queue() -> None:
    client: Any = Simulated()
    names = map(str, itertools.count())

    def make(maxsize: int) -> Any:
        made = shared_state.Queue[Any](next(names), client)
        client.peer.call("queue.open", made.name, maxsize)
        return made

    run_state_machine_as_test(
        lambda: QueueMachine(make),  # type: ignore[arg-type]  # a factory is enough
        settings=SIMULATED,
    )


def test_a_shared_queue(either: Either) -> None:
    names = map(str, itertools.count())
    run_state_machine_as_test(
        lambda: QueueMachine(lambda maxsize: either.queue(next(names), maxsize)),  # type: ignore[arg-type]  # as above
        settings=OVER_THE_WIRE,
    )
