"""A shared queue does what a `queue.Queue` does, as far as nobody has to wait.

Waits of no time at all are part of it: they find out at once that they are over. What the standard
library has not, several at once and claims, the model has in a few lines of its own.
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
from shared_state import ClaimLost
from shared_state_protocol.codec import Codec

from ..fixtures.clients import Either, ask
from .outcome import outcome
from .simulated import Simulated

SIMULATED = settings(max_examples=150, stateful_step_count=50, deadline=None)
OVER_THE_WIRE = settings(max_examples=30, stateful_step_count=40, deadline=None)

CODEC = Codec()

ITEMS = st.none() | st.integers(0, 9) | st.text(max_size=2)
AT_ONCE = st.sampled_from([(False, None), (False, 5.0), (False, -1.0), (True, 0.0), (True, -1.0)])
"""`block` and `timeout` of calls that never wait."""


class Item:
    """An item of the model, and at how many attempts it has failed."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.failures = 0


class PlainQueue(queue.Queue[Any]):
    """A `queue.Queue` that can take or give several at once, and has claims and dead letters."""

    def __init__(self, maxsize: int, max_attempts: int | None) -> None:
        super().__init__(maxsize)
        self.max_attempts = max_attempts
        self.claimed: dict[int, Item] = {}
        self.dead: list[Any] = []
        self.drops = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Put an item that has not failed yet."""
        super().put(Item(item), block, timeout)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Get an item, whatever it has been through."""
        return super().get(block, timeout).value

    def take(self, claim: int, block: bool, timeout: float | None) -> tuple[int, Any]:
        """Claim an item."""
        self.claimed[claim] = item = super().get(block, timeout)
        return item.failures + 1, item.value

    def acknowledge(self, claim: int) -> None:
        """End a claim: the item is done."""
        if self.claimed.pop(claim, None) is None:
            raise ClaimLost
        self.count_as_done()

    def give_back(self, claim: int) -> None:
        """End a claim: the item is the next again, or dead."""
        item = self.claimed.pop(claim, None)
        if item is None:
            return
        item.failures += 1
        if self.drops:
            self.count_as_done()
        elif item.failures == self.max_attempts:
            self.count_as_done()
            self.dead.append(item.value)
        else:
            self.queue.appendleft(item)

    def count_as_done(self) -> None:
        """Have one item less to wait for."""
        self.unfinished_tasks = max(0, self.unfinished_tasks - 1)

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

    def __init__(self, make: Callable[..., Any]) -> None:
        super().__init__()
        self.make = make
        self.shared: Any
        self.letters: Any
        self.plain: PlainQueue
        self.is_shut = False
        self.claims = 0

    @initialize(maxsize=st.integers(-1, 4), max_attempts=st.none() | st.integers(1, 3))
    def begin(self, maxsize: int, max_attempts: int | None) -> None:
        self.letters = self.make(0, None, None)
        letters = None if max_attempts is None else self.letters.name
        self.shared = self.make(maxsize, max_attempts, letters)
        self.plain = PlainQueue(maxsize, max_attempts)

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

    @rule(wait=AT_ONCE)
    def take(self, wait: tuple[bool, float | None]) -> None:
        self.claims += 1
        self.agree(self.take_decoded, self.plain.take, self.claims, *wait)

    def take_decoded(self, *given: Any) -> tuple[int, Any]:
        attempt, item = self.shared.take(*given)
        return attempt, CODEC.decode(item)

    @rule(claim=st.integers(1, 9))
    def acknowledge(self, claim: int) -> None:
        self.agree(self.shared.acknowledge, self.plain.acknowledge, claim)

    @rule(claim=st.integers(1, 9))
    def give_back(self, claim: int) -> None:
        self.agree(self.shared.give_back, self.plain.give_back, claim)

    @rule()
    def task_done(self) -> None:
        self.agree(self.shared.task_done, self.plain.task_done)

    @precondition(lambda self: hasattr(queue.Queue, "shutdown"))
    @rule(immediate=st.booleans())
    def shutdown(self, immediate: bool) -> None:
        self.is_shut = True
        self.plain.drops |= immediate
        shutdown = getattr(self.plain, "shutdown")  # noqa: B009  # since Python 3.13
        self.agree(self.shared.shutdown, shutdown, immediate)

    @invariant()
    def same(self) -> None:
        shared, plain = self.shared, self.plain
        assert shared.qsize() == plain.qsize()
        assert shared.empty() == plain.empty()
        assert shared.full() == plain.full()
        assert ask(shared, "maxsize") == max(plain.maxsize, 0)
        assert shared.join(0.0) == (plain.unfinished_tasks == 0)

    def teardown(self) -> None:
        assert [self.letters.get_nowait() for _ in self.plain.dead] == self.plain.dead
        assert self.letters.empty()
        while not self.plain.empty():
            self.get_nowait()


def test_the_behaviour_of_a_queue() -> None:
    client: Any = Simulated()
    names = map(str, itertools.count())

    def make(*options: Any) -> Any:
        made = shared_state.Queue[Any](next(names), client)
        client.peer.call("queue.open", made.name, *options)
        return made

    run_state_machine_as_test(
        lambda: QueueMachine(make),  # type: ignore[arg-type]  # a factory is enough
        settings=SIMULATED,
    )


def test_a_shared_queue(either: Either) -> None:
    names = map(str, itertools.count())

    def make(maxsize: int, max_attempts: int | None, dead_letters: str | None) -> Any:
        options = {"max_attempts": max_attempts, "dead_letters": dead_letters}
        return either.queue(next(names), maxsize, **options)

    run_state_machine_as_test(
        lambda: QueueMachine(make),  # type: ignore[arg-type]  # as above
        settings=OVER_THE_WIRE,
    )
