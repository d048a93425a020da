"""A shared list does what a `list` does, whatever is done to it in whatever order."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import shared_state
from shared_state_server.memory.list import List as Behaviour

from ..fixtures.clients import Either
from .direct import Direct
from .outcome import outcome

DIRECTLY = settings(max_examples=100, stateful_step_count=50, deadline=None)
OVER_THE_WIRE = settings(max_examples=40, stateful_step_count=40, deadline=None)

LONGEST = 60
"""Items from which on nothing is repeated: doubling a few times more would take all the memory."""

INDICES = st.integers(-8, 8)
BOUNDS = st.none() | INDICES
STEPS = st.none() | st.integers(-3, 3)
NUMBERS = st.sampled_from([0, -0.0, False, 1, 1.0, True, 2, 2.5, -(2**70), math.inf, math.nan])
OTHERS = st.sampled_from([None, "", "a", "b", b"a", (), (1,), (1.0,), [1], [True], {"a": 1}])
VALUES = NUMBERS | OTHERS


class ListMachine(RuleBasedStateMachine):
    """Does everything to a shared list and to a plain one."""

    def __init__(self, shared: Any) -> None:
        super().__init__()
        shared.clear()
        self.shared = shared
        self.plain: list[Any] = []

    def agree(self, shared: Callable[..., Any], plain: Callable[..., Any], *given: Any) -> None:
        """Assert that both come to the same."""
        assert outcome(shared, *given) == outcome(plain, *given)

    @rule(index=INDICES)
    def get(self, index: int) -> None:
        self.agree(self.shared.get, self.plain.__getitem__, index)

    @rule(index=INDICES, value=VALUES)
    def set(self, index: int, value: Any) -> None:
        self.agree(self.shared.set, self.plain.__setitem__, index, value)

    @rule(index=INDICES)
    def delete(self, index: int) -> None:
        self.agree(self.shared.delete, self.plain.__delitem__, index)

    @rule(start=BOUNDS, stop=BOUNDS, step=STEPS)
    def get_slice(self, start: int | None, stop: int | None, step: int | None) -> None:
        self.agree(
            lambda: list(self.shared.get_slice(start, stop, step)),
            lambda: self.plain[start:stop:step],
        )

    @rule(start=BOUNDS, stop=BOUNDS, step=STEPS, values=st.lists(VALUES, max_size=5))
    def set_slice(
        self, start: int | None, stop: int | None, step: int | None, values: list[Any]
    ) -> None:
        self.agree(
            lambda: self.shared.set_slice(start, stop, step, values),
            lambda: self.plain.__setitem__(slice(start, stop, step), values),
        )

    @rule(start=BOUNDS, stop=BOUNDS, step=STEPS)
    def delete_slice(self, start: int | None, stop: int | None, step: int | None) -> None:
        self.agree(
            lambda: self.shared.delete_slice(start, stop, step),
            lambda: self.plain.__delitem__(slice(start, stop, step)),
        )

    @rule(index=INDICES, value=VALUES)
    def insert(self, index: int, value: Any) -> None:
        self.agree(self.shared.insert, self.plain.insert, index, value)

    @rule(value=VALUES)
    def append(self, value: Any) -> None:
        self.agree(self.shared.append, self.plain.append, value)

    @rule(values=st.lists(VALUES, max_size=5))
    def extend(self, values: list[Any]) -> None:
        self.agree(self.shared.extend, self.plain.extend, values)

    @rule(values=st.lists(NUMBERS, max_size=8))
    def become(self, values: list[Any]) -> None:
        """So that sorting has something that can be ordered."""
        self.shared.set_slice(None, None, None, values)
        self.plain[:] = values

    @rule(times=st.integers(-1, 3))
    def repeat(self, times: int) -> None:
        if len(self.plain) <= LONGEST:
            self.shared.repeat(times)
            self.plain *= times

    @rule()
    def pop(self) -> None:
        self.agree(self.shared.pop, self.plain.pop)

    @rule(index=INDICES)
    def pop_at(self, index: int) -> None:
        self.agree(self.shared.pop, self.plain.pop, index)

    @rule(value=VALUES)
    def remove(self, value: Any) -> None:
        self.agree(self.shared.remove, self.plain.remove, value)

    @rule(value=VALUES, start=INDICES, stop=BOUNDS)
    def index(self, value: Any, start: int, stop: int | None) -> None:
        self.agree(self.shared.index, self.plain.index, value)
        end = sys.maxsize if stop is None else stop
        self.agree(
            lambda: self.shared.index(value, start, stop),
            lambda: self.plain.index(value, start, end),
        )

    @rule(value=VALUES)
    def count(self, value: Any) -> None:
        self.agree(self.shared.count, self.plain.count, value)
        self.agree(self.shared.contains, self.plain.__contains__, value)

    @rule()
    def reverse(self) -> None:
        self.agree(self.shared.reverse, self.plain.reverse)

    @rule(reverse=st.booleans())
    def sort(self, reverse: bool) -> None:
        def sort_or_leave() -> None:
            self.plain[:] = sorted(self.plain, reverse=reverse)  # `list.sort` may stop half-way

        self.agree(lambda: self.shared.sort(reverse=reverse), sort_or_leave)

    @rule()
    def clear(self) -> None:
        self.agree(self.shared.clear, self.plain.clear)

    @rule()
    def size(self) -> None:
        self.agree(self.shared.size, self.plain.__len__)

    @invariant()
    def same(self) -> None:
        assert repr(self.shared.copy()) == repr(self.plain)


def test_the_behaviour_of_a_list() -> None:
    shared: Any = shared_state.List("l", Direct(Behaviour()))
    run_state_machine_as_test(
        lambda: ListMachine(shared),  # type: ignore[arg-type]  # a factory is enough
        settings=DIRECTLY,
    )


def test_a_shared_list(either: Either) -> None:
    shared = either.list("l")
    run_state_machine_as_test(
        lambda: ListMachine(shared),  # type: ignore[arg-type]  # a factory is enough
        settings=OVER_THE_WIRE,
    )
