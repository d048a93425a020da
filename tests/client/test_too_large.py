"""Values that a server would not read: refused before they are copied, by an error with figures."""

from __future__ import annotations

import tracemalloc
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy
import pytest

import shared_state
from shared_state_server.settings import Settings

from ..fixtures.clients import Either

LIMIT = 1024 * 1024
SIZE = 32 * LIMIT
"""Of each value: as far over the limit of this server as 2 GB are over that of others."""

MOST_EXTRA = 4 * LIMIT
"""A refusal may take so much memory: what fits the limit, encoded once and packed once."""

PIECE = bytes(LIMIT // 4)
PIECES = SIZE // len(PIECE)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, max_frame_bytes=LIMIT)


VALUES: dict[str, Callable[[], Any]] = {
    "bytes": lambda: bytes(SIZE),
    "str": lambda: "x" * SIZE,
    "bytearray": lambda: bytearray(SIZE),
    "memoryview": lambda: memoryview(bytes(SIZE)),
    "array": lambda: array("d", bytes(SIZE)),
    "numpy": lambda: numpy.zeros(SIZE // 8),
    "numpy, a view": lambda: numpy.zeros(SIZE // 4)[::2],
    "tuple": lambda: (7, "a picture", bytes(SIZE)),
    "dict": lambda: {"id": 7, "data": {"name": "a picture", "pixels": bytearray(SIZE)}},
    "list": lambda: [PIECE] * PIECES,
    "list, inside": lambda: {"pieces": [PIECE] * PIECES},
}


@pytest.mark.parametrize("kind", VALUES)
def test_what_is_too_large_is_refused_before_it_is_copied(either: Either, kind: str) -> None:
    values, value = either.dict("d"), VALUES[kind]()

    taken, message = refused(lambda: values.set("k", value))

    assert taken < MOST_EXTRA
    assert f"limit of {LIMIT}" in message
    assert sizes_in(message)[0] > LIMIT
    assert values.size() == 0


MANY: dict[str, Callable[[Either], object]] = {
    "update": lambda state: state.dict("d").update(dict.fromkeys(range(PIECES), PIECE)),
    "extend": lambda state: state.list("l").extend([PIECE] * PIECES),
    "put_many": lambda state: state.queue("q").put_many([PIECE] * PIECES),
}


@pytest.mark.parametrize("way", MANY)
def test_what_is_too_large_together_is_refused_before_all_is_encoded(
    either: Either, way: str
) -> None:
    taken, message = refused(lambda: MANY[way](either))

    assert taken < MOST_EXTRA
    assert f"limit of {LIMIT}" in message
    assert (either.dict("d").size(), either.list("l").size(), either.queue("q").qsize()) == (
        0,
        0,
        0,
    )


@pytest.mark.parametrize(
    "value",
    [
        bytes(LIMIT - 1000),
        "\U0001f600" + "x" * (LIMIT // 2),  # four bytes a letter here, one on the wire
        ["x" * (LIMIT // 8), *range(100)],  # a hundred like the first would be too large
        [[PIECE], [PIECE], [PIECE], *([] for _ in range(1000))],
    ],
)
def test_what_fits_is_not_refused_for_how_it_looks(either: Either, value: object) -> None:
    values = either.dict("d")

    values.set("k", value)

    assert values.get("k") == value


def test_a_value_whose_size_shows_late_is_refused_all_the_same(either: Either) -> None:
    with pytest.raises(shared_state.LimitExceeded, match=f"limit of {LIMIT}"):
        either.dict("d").set("k", [0, 1, 2, 3, *[PIECE] * PIECES])


def refused(call: Callable[[], object]) -> tuple[int, str]:
    """Return how much memory a call takes until it is refused, and what it says."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        with pytest.raises(shared_state.LimitExceeded) as caught:
            call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - before, str(caught.value)


def sizes_in(message: str) -> list[int]:
    return [int(word) for word in message.replace(":", "").split() if word.isdigit()]
