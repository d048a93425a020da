"""Both judges accept what can be explained and nothing else; a short history a line."""

from __future__ import annotations

from typing import Any

import pytest

from .history import UNKNOWN, Call, Raised
from .linearizability import check_witness, search
from .models.dict import Dict
from .models.list import List
from .models.model import Model
from .models.queue import Queue
from .models.semaphore import Lock
from .witness import Event

Line = tuple[str, int, int, str, tuple[Any, ...], Any]
"""Whose call, the times when it began and ended, what it was, and what came of it."""

EMPTY = Raised("Empty")


def call_of(number: int, line: Line) -> Call:
    process, called, ended, operation, arguments, result = line
    call = Call(process, 0, process.encode(), operation, arguments)
    call.number, call.called, call.ended, call.result = number, called, ended, result
    return call


def calls_of(*lines: Line) -> list[Call]:
    return [call_of(number, line) for number, line in enumerate(lines, 1)]


def steps(calls: list[Call], *order: int) -> list[Event]:
    """Return what the service did, by the numbers of the calls; a negative one is an undo."""
    return [
        Event("undo" if each < 0 else "step", calls[abs(each) - 1].session, abs(each), 0)
        for each in order
    ]


EXPLAINED: dict[str, tuple[Model, list[Line]]] = {
    "one after the other": (
        Queue(0),
        [("a", 1, 2, "put", (1,), None), ("b", 3, 4, "get", (), 1), ("b", 5, 6, "get", (), EMPTY)],
    ),
    "at the same time": (
        Dict(),
        [
            ("a", 1, 4, "set", ("k", 1), None),
            ("b", 2, 3, "get", ("k", None), None),
            ("b", 5, 6, "get", ("k", None), 1),
        ],
    ),
    "an effect that nobody was told of": (
        Dict(),
        [("a", 1, 2, "add", ("k", 1), UNKNOWN), ("b", 3, 4, "add", ("k", 1), 2)],
    ),
    "no effect of an unknown call": (
        Dict(),
        [("a", 1, 2, "add", ("k", 1), UNKNOWN), ("b", 3, 4, "add", ("k", 1), 1)],
    ),
    "taken and given back": (
        Queue(0),
        [
            ("a", 1, 2, "put", (1,), None),
            ("a", 3, 4, "get", (), UNKNOWN),
            ("b", 5, 6, "get", (), EMPTY),
            ("b", 7, 8, "get", (), 1),
        ],
    ),
    "a lock from hand to hand": (
        Lock(),
        [
            ("a", 1, 2, "acquire", (), True),
            ("b", 3, 6, "acquire", (), True),
            ("a", 4, 5, "release", (), None),
        ],
    ),
}

UNEXPLAINED: dict[str, tuple[Model, list[Line]]] = {
    "a stale read": (
        Dict(),
        [("a", 1, 2, "set", ("k", 1), None), ("b", 3, 4, "get", ("k", None), None)],
    ),
    "counted twice": (
        Dict(),
        [("a", 1, 2, "add", ("k", 1), 1), ("b", 3, 4, "add", ("k", 1), 3)],
    ),
    "an item twice": (
        Queue(0),
        [("a", 1, 2, "put", (1,), None), ("b", 3, 4, "get", (), 1), ("c", 5, 6, "get", (), 1)],
    ),
    "out of order": (
        Queue(0),
        [("a", 1, 2, "put", (1,), None), ("a", 3, 4, "put", (2,), None), ("b", 5, 6, "get", (), 2)],
    ),
    "empty beside an item": (
        Queue(0),
        [("a", 1, 2, "put", (1,), None), ("b", 3, 4, "get", (), EMPTY)],
    ),
    "a lock of two holders": (
        Lock(),
        [("a", 1, 2, "acquire", (), True), ("b", 3, 4, "acquire", (), True)],
    ),
    "an append that was lost": (
        List(),
        [("a", 1, 2, "append", (7,), None), ("a", 3, 4, "size", (), 0)],
    ),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_an_order_is_found(name: str) -> None:
    model, lines = EXPLAINED[name]
    assert search(model, calls_of(*lines), [])


@pytest.mark.parametrize("name", UNEXPLAINED)
def test_no_order_is_found(name: str) -> None:
    model, lines = UNEXPLAINED[name]
    assert not search(model, calls_of(*lines), [])


def test_a_lock_passes_on_at_the_end_of_a_session_and_not_before() -> None:
    calls = calls_of(("a", 1, 2, "acquire", (), True), ("b", 3, 6, "acquire", (), True))
    assert search(Lock(), calls, [Event("end", b"a", 0, 4)])
    assert not search(Lock(), calls, [Event("end", b"a", 0, 8)])


def test_the_witness_says_in_which_order() -> None:
    calls = calls_of(("a", 1, 4, "set", ("k", 1), None), ("b", 2, 3, "get", ("k", None), None))
    assert check_witness(Dict(), calls, steps(calls, 2, 1)) is None
    wrong = check_witness(Dict(), calls, steps(calls, 1, 2))
    assert wrong is not None
    assert "in the service's order 1" in wrong


def test_the_witness_may_not_turn_time_round() -> None:
    calls = calls_of(("a", 1, 2, "set", ("k", 1), None), ("b", 3, 4, "set", ("k", 2), None))
    assert check_witness(Dict(), calls, steps(calls, 1, 2)) is None
    wrong = check_witness(Dict(), calls, steps(calls, 2, 1))
    assert wrong is not None
    assert "had ended before one began" in wrong


def test_the_witness_has_to_have_seen_what_was_answered() -> None:
    calls = calls_of(("a", 1, 2, "set", ("k", 1), None))
    wrong = check_witness(Dict(), calls, [])
    assert wrong is not None
    assert "never carried out" in wrong


def test_what_was_undone_is_the_oldest_again() -> None:
    calls = calls_of(
        ("a", 1, 2, "put", (1,), None),
        ("a", 3, 4, "put", (2,), None),
        ("b", 5, 6, "get", (), UNKNOWN),
        ("c", 7, 8, "get", (), 1),
    )
    assert check_witness(Queue(0), calls, steps(calls, 1, 2, 3, -3, 4)) is None
    assert check_witness(Queue(0), calls, steps(calls, 1, 2, 3, 4)) is not None
