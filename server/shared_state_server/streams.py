"""Streams: a snapshot that is sent in batches.

The snapshot is taken when the stream begins, so writers are never in its way. What does not fit
into the first batch waits behind a cursor until the client asks for the next one, closes it, or
ends its session. A stream that fits into one batch is one round trip and leaves nothing behind.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from shared_state_protocol.errors import LimitExceeded

__all__ = ["BATCH_BYTES", "Cursors"]

BATCH_BYTES = 256 * 1024
"""Enough that a round trip is small beside the bytes; small enough to hold up nobody."""

BATCH_ITEMS = 10_000
"""Bounds the work of one batch when the items are tiny."""

MAX_CURSORS = 64
"""Per session. The oldest is dropped: it belongs to a loop that was left long ago."""


class Cursors:
    """The streams of one session that have more to give."""

    __slots__ = ("_open", "_previous")

    def __init__(self) -> None:
        self._open: OrderedDict[int, Iterator[Any]] = OrderedDict()
        self._previous = 0

    def begin(self, snapshot: Iterable[Any]) -> tuple[int | None, list[Any]]:
        """Return the first batch, and the cursor that has the rest (None if there is none)."""
        self._previous += 1
        return self._continue(self._previous, iter(snapshot))

    def next(self, cursor: int) -> tuple[int | None, list[Any]]:
        """Return the next batch of a stream, and its cursor again if there is more."""
        rest = self._open.pop(cursor, None)
        if rest is None:
            raise LimitExceeded(
                f"this stream was dropped: a client may have {MAX_CURSORS} unfinished ones"
            )
        return self._continue(cursor, rest)

    def close(self, cursor: int) -> None:
        """Forget a stream."""
        self._open.pop(cursor, None)

    def _continue(self, cursor: int, rest: Iterator[Any]) -> tuple[int | None, list[Any]]:
        batch, is_whole = _take_batch(rest)
        if is_whole:
            return None, batch
        self._open[cursor] = rest
        if len(self._open) > MAX_CURSORS:
            self._open.popitem(last=False)
        return cursor, batch


def _take_batch(rest: Iterator[Any]) -> tuple[list[Any], bool]:
    batch: list[Any] = []
    size = 0
    for item in rest:
        batch.append(item)
        size += len(item) if type(item) is bytes else sum(map(len, item))
        if size >= BATCH_BYTES or len(batch) >= BATCH_ITEMS:
            return batch, False
    return batch, True
