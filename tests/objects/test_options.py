"""The options of an object are those of whoever opened it first, through both clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..fixtures.clients import Either, ask

QUEUES = ("queue", "lifo_queue", "priority_queue", "joinable_queue")


@pytest.mark.parametrize(
    ("open_first", "open_later", "look"),
    [
        *(
            (
                lambda state, kind=kind: getattr(state, kind)("o", maxsize=5),
                lambda state, kind=kind: getattr(state, kind)(
                    "o", maxsize=9, max_attempts=3, dead_letters="d"
                ),
                lambda queue: ask(queue, "maxsize") == 5,
            )
            for kind in QUEUES
        ),
        (
            lambda state: state.value("o", "i", 3),
            lambda state: state.value("o", "d", 9.5),
            lambda value: (ask(value, "typecode"), value.get()) == ("i", 3),
        ),
        (
            lambda state: state.array("o", "i", [3, 4]),
            lambda state: state.array("o", "d", 5),
            lambda array: (ask(array, "typecode"), array.size()) == ("i", 2),
        ),
        (
            lambda state: state.semaphore("o", 3),
            lambda state: state.semaphore("o", 5),
            lambda semaphore: semaphore.value() == 3,
        ),
        (
            lambda state: state.barrier("o", 3),
            lambda state: state.barrier("o", 5),
            lambda barrier: ask(barrier, "parties") == 3,
        ),
    ],
    ids=[*QUEUES, "value", "array", "semaphore", "barrier"],
)
def test_the_first_to_open_an_object_decides_its_options(
    either: Either,
    other: Either,
    open_first: Callable[[Any], Any],
    open_later: Callable[[Any], Any],
    look: Callable[[Any], bool],
) -> None:
    assert look(open_first(other))
    assert look(open_later(either))
