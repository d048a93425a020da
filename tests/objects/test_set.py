"""Set through both clients: what `set` promises, and its operators."""

from __future__ import annotations

from collections.abc import MutableSet
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import shared_state
from shared_state_server.memory.set import Set as Behaviour

from ..fixtures.clients import Either
from ..models.direct import Direct
from ..models.outcome import outcome

SOME = {1, "b", (2, 3), None}

NAMES: dict[str, Any] = {"SOME": SOME, "MutableSet": MutableSet}
"""What the code below may use beside `s`."""

CODES = """
1 in s;                 True in s;              9 in s;                 [] in s
len(s);                 bool(s);                set(s);                 s.copy()
s == SOME;              SOME == s;              s != set();             s == 5
s <= SOME;              s < SOME;               s >= SOME;              s > {1}
{1} <= s;               {1} < s;                s < 5;                  s.isdisjoint({9})
s.issubset([1]);        s.issuperset([1]);      s.issubset(5);          s.isdisjoint([[]])
s | {9};                {9} | s;                s | s;                  s | [9]
s & {1, 9};             {1, 9} & s;             s & 5;                  s & frozenset({1})
s - {1};                {1, 9} - s;             s - s;                  s - [1]
s ^ {1, 9};             {1, 9} ^ s;             s ^ s;                  s ^ [1]
s.union([9], [8]);      s.union();              s.intersection([1], SOME);  s.difference([1], [2])
s.symmetric_difference([1, 9]);                 s.symmetric_difference()
s.add(9);               s.add(1.0);             s.add([]);              s.add()
s.discard(1);           s.discard(9);           s.discard([]);          s.remove(1)
s.remove(9);            s.remove([]);           s.clear();              s.pop() in SOME
s.update([9, 8]);       s.update("ab");         s.update(5);            s.update([[]])
s.difference_update([1]);                       s.intersection_update([1, 9])
s.symmetric_difference_update([1, 9, 9]);       s.update(s)
s.update([9], [8]);     s.update();             s.difference_update([1], ["b"])
s.intersection_update([1, "b"], [1]);           s.intersection_update()
s |= {9};               s |= [9];               s |= 5;                 s |= s
s &= {1, 9};            s &= [1];               s &= s;                 s &= 5
s -= {1};               s -= [1];               s -= s;                 s -= 5
s ^= {1, 9};            s ^= [1];               s ^= s;                 s ^= 5
isinstance(s, MutableSet);                      hash(s);                s + {1}
"""


def run(code: str, plain_or_shared: Any) -> str:
    """Run one piece of code and say what came of it."""
    names = {**NAMES, "s": plain_or_shared}
    try:
        expression = compile(code, code, "eval")
    except SyntaxError:
        return outcome(exec, compile(code, code, "exec"), names)
    return outcome(lambda: _ordered(eval(expression, names)))  # our own code


def _ordered(result: Any) -> Any:
    return sorted(map(repr, result)) if isinstance(result, set) else result


@pytest.mark.parametrize(
    "code", [code.strip() for line in CODES.splitlines() for code in line.split(";") if code]
)
def test_a_shared_set_is_used_like_a_set(code: str) -> None:
    client: Any = Direct(Behaviour())
    shared, plain = shared_state.Set[Any]("s", client), set(SOME)
    shared.update(plain)
    assert run(code, shared) == run(code, plain)
    if "pop" not in code:
        assert shared.copy() == plain


def test_every_operation_through_both_clients(either: Either) -> None:
    tags = either.set("tags")
    tags.update(["a", "b", "c", "a"])
    tags.add("d")
    tags.remove("a")
    tags.discard("a")
    with pytest.raises(KeyError, match="'a'"):
        tags.remove("a")
    assert list(tags.elements()) == ["b", "c", "d"]
    tags.difference_update(["b"])
    tags.symmetric_difference_update(["c", "e"])
    tags.intersection_update(["d", "e", "f"])
    assert tags.copy() == {"d", "e"}
    assert (tags.size(), tags.contains("d"), tags.contains("b")) == (2, True, False)
    assert tags.issubset("def")
    assert not tags.issuperset("def")
    assert tags.isdisjoint("abc")
    assert {tags.pop(), tags.pop()} == {"d", "e"}
    with pytest.raises(KeyError):
        tags.pop()
    with pytest.raises(TypeError, match="unhashable"):
        tags.add([])
    tags.add(1)
    tags.clear()
    assert tags.size() == 0


def test_a_bad_element_among_good_ones_changes_nothing(either: Either) -> None:
    tags = either.set("tags")
    tags.update([1, 2])
    for change in (tags.update, tags.difference_update, tags.symmetric_difference_update):
        with pytest.raises(TypeError):
            change([1, 3, {}])
    assert tags.copy() == {1, 2}


def test_equal_elements_are_one_and_the_first_is_kept(either: Either) -> None:
    tags = either.set("tags")
    tags.update([1, True, 0.0, False])
    tags.update([1.0, 0])
    tags.add(True)
    assert repr(list(tags.elements())) == "[1, 0.0]"


def test_iteration_is_of_what_was_there(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    tags = client.set("tags")
    tags.update(range(5))
    seen: list[int] = []
    for each in tags:
        other.set("tags").discard(4)
        seen.append(each)
    assert seen == [0, 1, 2, 3, 4]
    assert len(tags) == 4


ELEMENTS = st.integers(0, 4) | st.sampled_from(["a", None, 1.0, True, (1,), 0.5])
SEVERAL = st.lists(ELEMENTS, max_size=5)


class SetMachine(RuleBasedStateMachine):
    """Does everything to a shared set and to a plain one."""

    def __init__(self) -> None:
        super().__init__()
        client: Any = Direct(Behaviour())
        self.shared = shared_state.Set[Any]("s", client)
        self.plain: set[Any] = set()

    @rule(method=st.sampled_from(["add", "discard", "remove", "__contains__"]), element=ELEMENTS)
    def with_one(self, method: str, element: Any) -> None:
        assert outcome(getattr(self.shared, method), element) == outcome(
            getattr(self.plain, method), element
        )

    @rule(
        method=st.sampled_from(["", "difference_", "intersection_", "symmetric_difference_"]).map(
            lambda kind: f"{kind}update"
        )
        | st.sampled_from(["issubset", "issuperset", "isdisjoint"]),
        elements=SEVERAL,
    )
    def with_several(self, method: str, elements: list[Any]) -> None:
        assert outcome(getattr(self.shared, method), elements) == outcome(
            getattr(self.plain, method), elements
        )

    @rule()
    def pop(self) -> None:
        if self.plain:
            self.plain.remove(self.shared.pop())
        else:
            assert outcome(self.shared.pop).startswith("raised KeyError")

    @rule(plain=st.sets(ELEMENTS))
    def compare(self, plain: set[Any]) -> None:
        assert (self.shared <= plain, self.shared > plain) == (
            self.plain <= plain,
            self.plain > plain,
        )

    @invariant()
    def same(self) -> None:
        assert set(self.shared) == self.plain
        assert len(self.shared) == len(self.plain)


def test_the_behaviour_of_a_set() -> None:
    run_state_machine_as_test(
        SetMachine, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
    )
