"""Streams: a snapshot that is sent in portions.

The snapshot is taken when the stream begins, so writers are never in its way. What does not fit
into the first portion waits behind a cursor until the client asks for the next one, closes it, or
ends its session. A stream that fits into one portion is one round trip and leaves nothing behind.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, count, takewhile
from operator import add
from typing import Any, overload

from ormsgpack import packb

from shared_state_protocol.errors import LimitExceeded

__all__ = ["PORTION_BYTES", "Cursors", "Pairs"]

PORTION_BYTES = 256 * 1024
"""Enough that a round trip is small beside the bytes; small enough to hold up nobody."""

PORTION_ITEMS = 4096
"""Bounds the work of one portion when the items are tiny: some 1.5 ms for pairs."""

MAX_CURSORS = 64
"""Per session. The oldest is dropped: it belongs to a loop that was left long ago."""


class Cursors:
    """The streams of one session that have more to give."""

    __slots__ = ("_open",)

    _numbers = count(secrets.randbits(48))
    """One count for all sessions: who was forked in the middle of a loop has its parent's cursor,
    and must not read a stream of its own by it. Nor by one of a server that was here before."""

    def __init__(self) -> None:
        self._open: OrderedDict[int, tuple[Sequence[Any], int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, snapshot: Sequence[Any]) -> tuple[int | None, Sequence[Any]]:
        """Return the first portion, and the cursor that has the rest (None if there is none)."""
        return self._continue(next(self._numbers), snapshot, 0)

    def next(self, cursor: int) -> tuple[int | None, Sequence[Any]]:
        """Return the next portion of a stream, and its cursor again if there is more."""
        rest = self._open.pop(cursor, None)
        if rest is None:
            raise LimitExceeded(
                "this stream is not here any more: the server has been started again, or the "
                f"client has more than {MAX_CURSORS} unfinished ones"
            )
        return self._continue(cursor, *rest)

    def close(self, cursor: int) -> None:
        """Forget a stream."""
        self._open.pop(cursor, None)

    def _continue(
        self, cursor: int, snapshot: Sequence[Any], start: int
    ) -> tuple[int | None, Sequence[Any]]:
        most = snapshot[start : start + PORTION_ITEMS]
        portion = most[: _end_of_portion(most)]
        end = start + len(portion)
        if end == len(snapshot):
            return None, portion
        self._open[cursor] = snapshot, end
        if len(self._open) > MAX_CURSORS:
            self._open.popitem(last=False)
        return cursor, portion


class Pairs(Sequence[tuple[bytes, bytes]]):
    """A snapshot of pairs, kept as their first and their second halves.

    A pair is made when its portion is: a tuple for each of ten million items would take everybody
    three seconds, and 640 MB; the two halves take a quarter of both. Tuples of bytes are looked
    into by the garbage collector once, lists with each of its collections.
    """

    __slots__ = ("_firsts", "_seconds")

    def __init__(self, firsts: Sequence[bytes], seconds: Sequence[bytes]) -> None:
        self._firsts = firsts
        self._seconds = seconds

    def __len__(self) -> int:
        return len(self._firsts)

    @overload
    def __getitem__(self, at: int) -> tuple[bytes, bytes]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[bytes, bytes]]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return list(zip(self._firsts[at], self._seconds[at], strict=True))
        return self._firsts[at], self._seconds[at]


def _end_of_portion(items: Sequence[Any]) -> int:
    """Return how many of `items` go: not what is too much, but always the first.

    So an item that fills a frame by itself is sent by itself.
    """
    fitting = takewhile(PORTION_BYTES.__ge__, accumulate(_sizes_of(items)))
    return max(len(list(fitting)), 1)


def _sizes_of(items: Sequence[Any]) -> Iterable[int]:
    """Return about how many bytes each takes: they are bytes, pairs of them, or rows of anything.

    In C, and for rows, which may be large, no further than asked for. A loop over so many pairs
    takes 2.5 ms, in which nobody else has a turn.
    """
    if not items:
        return ()
    if type(items[0]) is bytes:
        return map(len, items)
    if type(items[0][0]) is bytes:
        sizes = list(map(len, chain.from_iterable(items)))
        return map(add, sizes[::2], sizes[1::2])
    return map(len, map(packb, items))
