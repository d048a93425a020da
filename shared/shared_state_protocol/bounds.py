"""The bounds of a payload: how deep it nests and how many values it holds, without decoding it.

Theory
------
A decoder that meets a hostile payload has allocated before it can count, so the counting is done
on the bytes. Nearly every payload passes by arithmetic alone:

* each value takes at least one byte, so `MAX_NODES` bytes cannot hold more than that many values;
* each level of nesting takes one header byte, so a payload in which at most `MAX_DEPTH` bytes
  *could* be such headers cannot nest deeper. Deleting all other bytes with `translate` takes 1 ns
  each.

Only a payload that fails one of the two is walked header by header (50 to 80 ns each), with a list
in place of recursion. The walk is exact: it knows truncated payloads and bytes after the end, too.

The body of every extension (see `extensions`) is one value that is no extension itself. So a tuple,
an extension around an array, is one level of nesting and two values.
"""

from __future__ import annotations

from .errors import DecodingError
from .limits import MAX_DEPTH, MAX_NODES

__all__ = ["SIZES", "check", "header", "walk"]

_BLOB, _EXTENSION, _ARRAY, _MAP = range(4)

_HEADERS: dict[int, tuple[int, int, int]] = {
    # first byte: what follows, bytes of its length field, its length where there is no such field
    **{0x80 + count: (_MAP, 0, count) for count in range(16)},
    **{0x90 + count: (_ARRAY, 0, count) for count in range(16)},
    **{0xC4 + power: (_BLOB, 1 << power, 0) for power in range(3)},  # bin
    **{0xC7 + power: (_EXTENSION, 1 << power, 0) for power in range(3)},
    **{0xD4 + power: (_EXTENSION, 0, 1 << power) for power in range(5)},
    **{0xD9 + power: (_BLOB, 1 << power, 0) for power in range(3)},  # str
    **{0xDC + power: (_ARRAY, 2 << power, 0) for power in range(2)},
    **{0xDE + power: (_MAP, 2 << power, 0) for power in range(2)},
}

_SHORT_ARRAY, _SHORT_TEXT, _NEVER_USED = 0x90, 0xA0, 0xC1
_NUMBERS = {
    0xCA: 5,
    0xCB: 9,
    0xCC: 2,
    0xCD: 3,
    0xCE: 5,
    0xCF: 9,
    0xD0: 2,
    0xD1: 3,
    0xD2: 5,
    0xD3: 9,
}
_SHORT_TEXTS = {_SHORT_TEXT + length: 1 + length for length in range(32)}

SIZES = bytes(
    0 if first in _HEADERS or first == _NEVER_USED else {**_NUMBERS, **_SHORT_TEXTS}.get(first, 1)
    for first in range(256)
)
"""By its first byte, the size in bytes of a number or a short text; 0 for everything else."""

_NO_LEVEL = bytes(byte for byte in range(256) if _HEADERS.get(byte, (_BLOB,))[0] == _BLOB)

_WINDOW = 4096  # at first: the headers of what consists of a few large blobs are at its beginning

_RUN = 16  # shorter arrays are walked faster than they are looked at as a whole


def check(payload: bytes) -> None:
    """Check that `payload` keeps within `MAX_DEPTH` and `MAX_NODES`.

    A payload of more than `MAX_NODES` bytes has then been walked to its end: it is one whole value.

    Raises:
        DecodingError: it is over a limit, or was found not to be a value.
    """
    may_exceed = len(payload) > MAX_NODES or len(payload.translate(None, _NO_LEVEL)) > MAX_DEPTH
    if may_exceed and walk(payload) != len(payload):
        raise DecodingError("not a value: the bytes end too early or too late")


def walk(payload: bytes, max_depth: int = MAX_DEPTH) -> int:
    """Return where the value at the start of `payload` ends, which may be beyond its end.

    Raises:
        DecodingError: it is over a limit, or not a value.
    """
    try:
        return _walk(payload, payload[:_WINDOW].translate(SIZES), max_depth)
    except (IndexError, KeyError):
        pass  # the window ends too early, or the payload does
    try:
        return _walk(payload, payload.translate(SIZES), max_depth)
    except (IndexError, KeyError):
        raise DecodingError("not a value: the bytes end too early or mean nothing") from None


def _walk(payload: bytes, sizes: bytes, max_depth: int) -> int:
    position, left, nodes, depth = 0, 1, 1, 0
    outer: list[tuple[int, int]] = []  # values left outside, end of the extension (0: a container)
    while True:
        if not left:
            if not outer:
                return position
            left, end = outer.pop()
            depth -= not end
            _check_end(position, end)
            continue
        left -= 1
        if sizes[position]:
            position += sizes[position]
            continue
        position, inside, end = header(payload, position)
        nodes += inside
        if nodes > MAX_NODES or depth + (not end) > max_depth:
            raise _over_limit(nodes)
        if inside >= _RUN:
            position, inside = _skip_run(sizes, payload, position, inside)
        for rest in range(inside, 0, -1):  # most containers hold nothing that holds something
            if not sizes[position]:
                outer.append((left, end))
                depth += not end
                left = rest
                break
            position += sizes[position]
        else:
            _check_end(position, end)


def header(payload: bytes | memoryview, position: int) -> tuple[int, int, int]:
    """Return what the header at `position` says.

    That is where to go on, how many values are inside, and where they end (0: a container).
    """
    first = payload[position]
    if first < _SHORT_TEXT:  # an array or map of up to 15
        return position + 1, (first & 15) << (first < _SHORT_ARRAY), 0
    kind, width, length = _HEADERS[first]
    start = position + 1 + width
    if width:
        length = int.from_bytes(payload[position + 1 : start], "big")
    if kind == _BLOB:
        return start + length, 0, start + length
    if kind != _EXTENSION:
        return start, length << (kind == _MAP), 0
    if _HEADERS.get(payload[start + 1], (_BLOB,))[0] == _EXTENSION:
        raise DecodingError("not a value: an extension directly inside an extension")
    return start + 1, 1, start + 1 + length


def _skip_run(sizes: bytes, payload: bytes, position: int, inside: int) -> tuple[int, int]:
    """Step over `inside` values at once if they all begin like the first, as floats do."""
    first, size = payload[position], sizes[position]
    if size and payload[position : position + size * inside : size].count(first) == inside:
        return position + size * inside, 0
    return position, inside


def _check_end(position: int, end: int) -> None:
    if end and position != end:
        raise DecodingError("not a value: an extension whose length is wrong")


def _over_limit(nodes: int) -> DecodingError:
    if nodes > MAX_NODES:
        return DecodingError(f"of more than {MAX_NODES:,} values (MAX_NODES)")
    return DecodingError(f"nested deeper than {MAX_DEPTH} levels (MAX_DEPTH)")
