"""A shared dict does what a `dict` does, whatever is done to it in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import shared_state
from shared_state_server.memory.dict import Dict as Behaviour

from ..fixtures.clients import Either
from .direct import Direct
from .outcome import outcome

DIRECTLY = settings(max_examples=100, stateful_step_count=50, deadline=None)
OVER_THE_WIRE = settings(max_examples=40, stateful_step_count=40, deadline=None)

SPELLINGS_OF_ONE = (1, 1.0, True, Decimal(1), Fraction(1), 1 + 0j)
KEYS = st.sampled_from(
    [
        *SPELLINGS_OF_ONE,
        *((each, "pair") for each in SPELLINGS_OF_ONE),
        *map(frozenset, ((1, 2), (1.0, 2.0))),
        *(0, -0.0, False, 2**70, 0.5, Decimal("0.5"), Fraction(1, 2)),
        *(None, "", "a", "é", "x" * 40, b"a", (), ("a", ("b",))),
    ]
)
VALUES = st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.booleans())
PAIRS = st.lists(st.tuples(KEYS, VALUES), max_size=5)


class DictMachine(RuleBasedStateMachine):
    """Does everything to a shared dict and to a plain one."""

    def __init__(self, shared: Any) -> None:
        super().__init__()
        shared.clear()
        self.shared = shared
        self.plain: dict[Any, Any] = {}

    def agree(self, shared: Callable[..., Any], plain: Callable[..., Any], *given: Any) -> None:
        """Assert that both come to the same."""
        assert outcome(shared, *given) == outcome(plain, *given)

    @rule(key=KEYS, value=VALUES)
    def set(self, key: Any, value: Any) -> None:
        self.agree(self.shared.set, self.plain.__setitem__, key, value)

    @rule(key=KEYS)
    def getitem(self, key: Any) -> None:
        self.agree(self.shared.__getitem__, self.plain.__getitem__, key)

    @rule(key=KEYS)
    def get(self, key: Any) -> None:
        nothing = object()
        self.agree(self.shared.get, self.plain.get, key)
        self.agree(self.shared.get, self.plain.get, key, nothing)

    @rule(key=KEYS)
    def delete(self, key: Any) -> None:
        self.agree(self.shared.delete, self.plain.__delitem__, key)

    @rule(key=KEYS, value=VALUES)
    def setdefault(self, key: Any, value: Any) -> None:
        self.agree(self.shared.setdefault, self.plain.setdefault, key, value)

    @rule(key=KEYS)
    def setdefault_to_none(self, key: Any) -> None:
        self.agree(self.shared.setdefault, self.plain.setdefault, key)

    @rule(key=KEYS)
    def pop(self, key: Any) -> None:
        self.agree(self.shared.pop, self.plain.pop, key)

    @rule(key=KEYS)
    def pop_or_default(self, key: Any) -> None:
        self.agree(self.shared.pop, self.plain.pop, key, object())

    @rule()
    def popitem(self) -> None:
        self.agree(self.shared.popitem, self.plain.popitem)

    @rule(pairs=PAIRS)
    def update_from_pairs(self, pairs: list[tuple[Any, Any]]) -> None:
        self.agree(self.shared.update, self.plain.update, pairs)

    @rule(pairs=PAIRS)
    def update_from_mapping(self, pairs: list[tuple[Any, Any]]) -> None:
        self.agree(self.shared.update, self.plain.update, dict(pairs))

    @rule()
    def clear(self) -> None:
        self.agree(self.shared.clear, self.plain.clear)

    @rule(key=KEYS)
    def contains(self, key: Any) -> None:
        self.agree(self.shared.contains, self.plain.__contains__, key)

    @rule()
    def views(self) -> None:
        assert repr(list(self.shared.keys())) == repr(list(self.plain.keys()))
        assert repr(list(self.shared.values())) == repr(list(self.plain.values()))
        self.agree(self.shared.size, self.plain.__len__)

    @invariant()
    def same(self) -> None:
        assert repr(self.shared.copy()) == repr(self.plain)


def test_the_behaviour_of_a_dict() -> None:
    shared: Any = shared_state.Dict("d", Direct(Behaviour()))
    run_state_machine_as_test(
        lambda: DictMachine(shared),  # type: ignore[arg-type]  # a factory is enough
        settings=DIRECTLY,
    )


def test_a_shared_dict(either: Either) -> None:
    shared = either.dict("d")
    run_state_machine_as_test(
        lambda: DictMachine(shared),  # type: ignore[arg-type]  # a factory is enough
        settings=OVER_THE_WIRE,
    )
