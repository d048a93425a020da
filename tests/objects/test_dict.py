"""Dict: keys, defaults, exceptions, and many writers. Its snapshots: `test_dict_snapshots`.

That it does what `dict` does is in `tests/models/test_dict.py` and `tests/client/test_objects.py`.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Any

import pytest

import shared_state

from ..fixtures.children import Children
from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer

VALUE = "x" * 1000
KEYS = [
    "text",
    "",
    b"bytes",
    5,
    -(2**80),
    2.0,
    Decimal("4.0"),
    None,
    (1, ("a", None)),
    frozenset({1, 2}),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
@pytest.mark.parametrize("operation", ["__getitem__", "delete", "pop"])
def test_a_key_error_carries_the_key(either: Either, operation: str, key: object) -> None:
    shared = either.dict("d")
    shared.set("other", 1)
    with pytest.raises(KeyError) as caught:
        getattr(shared, operation)(key)
    assert caught.value.args == (key,)
    assert type(caught.value.args[0]) is type(key)
    assert shared.copy() == {"other": 1}


def test_an_empty_dict_has_no_item_to_pop(either: Either) -> None:
    with pytest.raises(KeyError, match="dictionary is empty"):
        either.dict("d").popitem()


def test_equal_keys_are_one_and_the_first_spelling_stays(either: Either) -> None:
    spellings = (1.0, 1, True, Decimal("1.00"), Fraction(1), 1 + 0j)
    shared = either.dict("d")
    for number, key in enumerate(spellings):
        shared.set(key, number)
    assert repr(shared.copy()) == "{1.0: 5}"
    assert all(shared.contains(key) for key in spellings)
    shared.delete(True)
    shared.set(1, "again")
    assert repr(shared.copy()) == "{1: 'again'}"


@pytest.mark.parametrize("key", [[], {}, set(), bytearray(b"k"), ([],)], ids=repr)
@pytest.mark.parametrize("operation", ["get", "delete", "setdefault", "pop", "contains"])
def test_a_key_that_is_not_hashable_is_a_type_error(
    either: Either, operation: str, key: object
) -> None:
    shared = either.dict("d")
    with pytest.raises(TypeError, match="unhashable"):
        getattr(shared, operation)(key)
    assert shared.copy() == {}


def test_insertion_order_is_kept_as_a_dict_keeps_it(either: Either) -> None:
    shared = either.dict("d")
    shared.update(zip("abc", range(3), strict=True))
    shared.set("a", "in its old place")
    shared.delete("b")
    shared.set("b", "at the end")
    assert list(shared.keys()) == ["a", "c", "b"]
    assert shared.popitem() == ("b", "at the end")


@pytest.mark.parametrize("operation", ["get", "pop"])
def test_a_default_never_travels(either: Either, operation: str) -> None:
    nothing = object()
    shared = either.dict("d")
    assert getattr(shared, operation)("k", nothing) is nothing
    shared.set("k", None)
    assert getattr(shared, operation)("k", nothing) is None


def test_a_stored_none_is_a_value(either: Either) -> None:
    shared = either.dict("d")
    assert shared.setdefault("k") is None
    assert shared.setdefault("k", 5) is None
    assert shared.get("k", 5) is None
    assert shared.copy() == {"k": None}


def test_values_come_as_copies(either: Either) -> None:
    shared = either.dict("d")
    shared.set("k", [1])
    shared.get("k").append(2)
    assert shared.get("k") == [1]


class OnlyKeys:
    """Like a mapping, as far as `dict.update` looks."""

    def keys(self) -> list[str]:
        return ["a", "b"]

    def __getitem__(self, key: str) -> str:
        return key.upper()


@pytest.mark.parametrize(
    "other",
    [
        {"a": "A", "b": "B"},
        MappingProxyType({"a": "A", "b": "B"}),
        [("a", "A"), ["b", "B"]],
        OnlyKeys(),
        ["aA", "bB"],
    ],
    ids=lambda other: type(other).__name__,
)
def test_update_takes_what_a_dict_takes(either: Either, other: Any) -> None:
    shared = either.dict("d")
    shared.update(other)
    assert shared.copy() == {"a": "A", "b": "B"}
    shared.update(other, b="more", self=1)
    assert shared.copy() == {"a": "A", "b": "more", "self": 1}
    shared.clear()
    shared.update(a=1)
    shared.update()
    assert shared.copy() == {"a": 1}


@pytest.mark.parametrize("wrong", [("b", object()), ([], 1), ("b",)], ids=["value", "key", "pair"])
def test_update_stores_all_or_nothing(either: Either, wrong: Any) -> None:
    shared = either.dict("d")
    with pytest.raises((TypeError, ValueError)):
        shared.update([("a", 1), wrong])
    assert shared.copy() == {}


# Many writers

WRITERS = 4
WRITES = 150


def write(state: shared_state.Client, parent: Connection, writer: int) -> None:
    """Fill, race for and empty dicts that others write too; tell what was won."""
    own, won, taken = state.dict("own"), [], []
    for number in range(WRITES):
        own[writer, number] = number
        if state.dict("won").setdefault(number, writer) == writer:
            won.append(number)
    state.dict("own").update({(writer, "at once", number): number for number in range(WRITES)})
    while True:
        try:
            taken.append(state.dict("stock").popitem()[0])
        except KeyError:
            break
    parent.send((won, taken))


def test_what_processes_write_is_there_exactly_once(
    server: ThreadServer, client: shared_state.Client, children: Children
) -> None:
    stock = dict.fromkeys(range(WRITERS * WRITES), VALUE)
    client.dict("stock").update(stock)
    started = [children(write, server, writer) for writer in range(WRITERS)]
    told = [child.hear() for child in started]
    for child in started:
        child.end()

    own = client.dict("own").copy()
    assert len(own) == WRITERS * WRITES * 2
    assert all(key[-1] == number for key, number in own.items())
    for writer in range(WRITERS):  # what one wrote is there in its order
        assert [n for w, *_, n in own if w == writer] == [*range(WRITES), *range(WRITES)]

    winners = {number: writer for writer, (won, _) in enumerate(told) for number in won}
    assert sum(len(won) for won, _ in told) == WRITES
    assert client.dict("won") == winners

    taken = [key for _, keys in told for key in keys]
    assert sorted(taken) == sorted(stock)
    assert client.dict("stock") == {}
