"""A shared array does what an `array.array` does that keeps its length."""

from __future__ import annotations

from array import array
from typing import Any

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
from shared_state_protocol.typecodes import pack
from shared_state_server.memory.array import Array as Behaviour

from .direct import Direct
from .outcome import outcome

DIRECT = settings(max_examples=100, stateful_step_count=30, deadline=None)

NUMBERS = st.integers(-2, 2) | st.sampled_from([100, -128, 127, 128, 300, 1.5])
INDICES = st.integers(-8, 8)
BOUNDS = st.none() | INDICES
SLICES = st.builds(slice, BOUNDS, BOUNDS, st.none() | st.sampled_from([1, 2, -1, -2, -7, 0]))


class PlainArray:
    """An `array.array` that keeps its length and changes all of a range or nothing."""

    def __init__(self, code: str, items: list[Any]) -> None:
        self.items = array(code, items)

    def __getitem__(self, index: int | slice) -> Any:
        return self.items[index].tolist() if isinstance(index, slice) else self.items[index]

    def __setitem__(self, index: int | slice, value: Any) -> None:
        if not isinstance(index, slice):
            self.items[index] = value
            return
        new = array(self.items.typecode, value)
        if len(new) != len(self.items[index]):
            raise ValueError
        self.items[index] = new

    def add(self, index: slice, amount: Any) -> None:
        """Add a number to each, or to each its own."""
        found = self.items[index]
        more: list[Any] = [amount] * len(found)
        if isinstance(amount, list):
            more = array(found.typecode, amount).tolist()
        if len(found) != len(more):
            raise ValueError
        sums = [one + other for one, other in zip(found, more, strict=True)]
        self.items[index] = array(found.typecode, sums)


class ArrayMachine(RuleBasedStateMachine):
    """Does everything to a shared array and to a plain one."""

    shared: Any
    plain: PlainArray

    @initialize(code=st.sampled_from("bBiqQfd"), items=st.lists(st.integers(0, 5), max_size=6))
    def begin(self, code: str, items: list[int]) -> None:
        client: Any = Direct(Behaviour(code, 0, pack(code, items)) if items else Behaviour(code))
        self.shared = shared_state.Array("a", client)
        self.plain = PlainArray(code, items)

    @rule(index=INDICES | SLICES)
    def get(self, index: int | slice) -> None:
        assert outcome(self.shared.__getitem__, index) == outcome(self.plain.__getitem__, index)

    @rule(index=INDICES, value=NUMBERS)
    def set(self, index: int, value: float) -> None:
        self.agree("__setitem__", index, value)

    @rule(index=SLICES, values=st.lists(NUMBERS, max_size=6))
    def set_slice(self, index: slice, values: list[float]) -> None:
        self.agree("__setitem__", index, values)

    @rule(index=SLICES.filter(lambda index: index.step != 0), value=NUMBERS)
    def set_slice_that_fits(self, index: slice, value: float) -> None:
        self.agree("__setitem__", index, [value] * len(self.plain.items[index]))

    @rule(index=SLICES, amount=NUMBERS | st.lists(NUMBERS, max_size=6))
    def add(self, index: slice, amount: Any) -> None:
        self.agree("add", index, amount)

    def agree(self, method: str, index: int | slice, value: Any) -> None:
        """Assert that both come to the same; which of two mistakes is named first is open."""
        shared = outcome(getattr(self.shared, method), index, value)
        plain = outcome(getattr(self.plain, method), index, value)
        assert shared == plain or (shared.startswith("raised") and plain.startswith("raised"))

    @invariant()
    def same(self) -> None:
        if hasattr(self, "plain"):
            assert repr(list(self.shared)) == repr(self.plain.items.tolist())
            assert len(self.shared) == len(self.plain.items)


def test_the_behaviour_of_an_array() -> None:
    run_state_machine_as_test(ArrayMachine, settings=DIRECT)
