"""Cuts: the ways in which a network may hand over the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st

__all__ = ["cut", "cuts", "one_by_one"]

MAX_CUTS = 12
"""Per stream: more of them find nothing new."""


def one_by_one(data: bytes) -> Iterator[bytes]:
    """Yield `data` a byte at a time."""
    for position in range(len(data)):
        yield data[position : position + 1]


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    """Yield `data` in pieces that end at `places`; some of them may be empty."""
    start = 0
    for end in sorted(place % (len(data) + 1) for place in places):
        yield data[start:end]
        start = end
    yield data[start:]


cuts = st.lists(st.integers(0, 1 << 16), max_size=MAX_CUTS)
"""Places to cut at, for `cut`."""
