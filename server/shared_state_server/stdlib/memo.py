"""Memos: a pickle may not ask for a memo that is larger than itself.

`pickle` keeps what a pickle refers to again in an array, as long as the largest index that the
pickle has said: five bytes can ask for tens of gigabytes. A pickle of so many bytes makes fewer
objects than that, and pickles number them from 0 on.

Where an opcode begins is known only to who reads all before it. Runs of opcodes whose arguments
have a length of their own are passed over at once, by a pattern made of `pickletools`' own table.
"""

from __future__ import annotations

import pickle
import pickletools
import re

__all__ = ["check_memo"]

_OPCODES = {each.code.encode("latin-1"): each for each in pickletools.opcodes}

_COUNT_BYTES = {
    code: int(opcode.arg.name[-1])
    for code, opcode in _OPCODES.items()
    if opcode.arg is not None and opcode.arg.n <= pickletools.TAKEN_FROM_ARGUMENT1
}
"""How many bytes the length has that stands before the argument of an opcode."""

_SMALL_PUTS = rb"r..\x00\x00|p[0-9]{1,4}\n"
"""Numbers of objects that are passed over, too: memos up to 2 MB are nobody's concern."""

SHORT_BYTES = 24
"""Texts below this length, as most in a request are, are passed over by the pattern, too."""

_LOOKED_AT = {*_COUNT_BYTES, pickle.LONG_BINPUT, pickle.PUT, pickle.STOP}


def _argument(opcode: pickletools.OpcodeInfo) -> bytes:
    """Return the pattern of what follows an opcode."""
    if opcode.arg is None:
        return b""
    if opcode.arg.n != pickletools.UP_TO_NEWLINE:
        return b".{%d}" % opcode.arg.n
    return rb"[^\n]*\n" * (2 if opcode.arg is pickletools.stringnl_noescape_pair else 1)


def _run() -> re.Pattern[bytes]:
    codes: dict[bytes, bytes] = {}
    for code, opcode in _OPCODES.items():
        if code not in _LOOKED_AT:
            argument = _argument(opcode)
            codes[argument] = codes.get(argument, b"") + re.escape(code)
    counted = b"".join(re.escape(code) for code, count in _COUNT_BYTES.items() if count == 1)
    short = b"|".join(b"%s.{%d}" % (re.escape(bytes([size])), size) for size in range(SHORT_BYTES))
    alone = codes.pop(b"")
    others = b"|".join(b"[%s]%s" % (some, argument) for argument, some in codes.items())
    each = b"[%s]+|[%s](?:%s)|%s|%s" % (alone, counted, short, _SMALL_PUTS, others)
    return re.compile(b"(?:%s){0,1000}" % each, re.DOTALL)


_RUN = _run()


def check_memo(payload: bytes) -> None:
    """Refuse a pickle that gives anything a larger number than it has bytes.

    Raises:
        pickle.UnpicklingError: it does.
    """
    if b"r" not in payload and b"p" not in payload:
        return
    position, end = 0, len(payload)
    while position < end:
        start, position = position, _end_of_run(payload, position)
        code, after = payload[position : position + 1], position + 1
        count = _COUNT_BYTES.get(code)
        if count is not None:
            position = after + count + int.from_bytes(payload[after : after + count], "little")
        elif code == pickle.LONG_BINPUT:
            position = after + 4
            _refuse(int.from_bytes(payload[after:position], "little"), end)
        elif code == pickle.PUT:
            position = payload.find(b"\n", after) + 1 or end
            _refuse(int(payload[after:position]), end)
        elif position == start:
            return  # it ends here, or fails


def _end_of_run(payload: bytes, position: int) -> int:
    run = _RUN.match(payload, position)
    return position if run is None else run.end()


def _refuse(index: int, size: int) -> None:
    if index > size:
        raise pickle.UnpicklingError(f"a pickle of {size} bytes needs no memo of {index} objects")
