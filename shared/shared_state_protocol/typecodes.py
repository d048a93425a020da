"""Type codes: the C types of `Value` and `Array`, the same on every machine.

====  ==================  ======  =====================================================
code  C type              bytes   Python values
====  ==================  ======  =====================================================
``b`` signed char         1       int from -128 to 127
``B`` unsigned char       1       int from 0 to 255
``c`` char                1       bytes of length 1
``u`` Unicode character   4       str of length 1, no surrogate: none can travel as text
``h`` signed short        2       int
``H`` unsigned short      2       int
``i`` signed int          4       int
``I`` unsigned int        4       int
``l`` signed long         8       int
``L`` unsigned long       8       int
``q`` signed long long    8       int
``Q`` unsigned long long  8       int
``f`` float               4       float, rounded as C does
``d`` double              8       float
====  ==================  ======  =====================================================

An integer out of its type's range is an `OverflowError`, as for `array.array`, and not wrapped, as
ctypes does: nobody wants 300 to become 44. Items travel and are kept packed, little-endian.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from typing import Any

__all__ = [
    "CODES",
    "check_code",
    "check_items",
    "item_bytes",
    "pack",
    "pack_first",
    "pack_view",
    "to_array",
    "to_item",
    "unpack",
    "view",
]

CODES = "bBcuhHiIlLqQfd"

# What keeps the items: `array` has no bytes, its Unicode is on its way out, and its long is as long
# as the machine's.
_KEPT_AS = {"c": "B", "u": "I", "l": "q", "L": "Q"}
LONG_BYTES = 8
"""A long is as long as a long long, where the machine has it so."""

_CHARACTERS = "utf-32-le"
_NO_CHARACTER = "U+{:04X} is no character, or a surrogate: no text can have it"
_SURROGATES = range(0xD800, 0xE000)


def check_code(code: str) -> None:
    """Refuse a type code that does not exist.

    Raises:
        TypeError: it is none of the table's.
    """
    if len(code) != 1 or code not in CODES:
        raise TypeError(f"{code!r} is no type code; there are {' '.join(CODES)}")


def check_items(code: str, data: bytes | memoryview) -> None:
    """Refuse packed items that are no values of their type; of all types but ``u`` any bytes are.

    Raises:
        ValueError: one is no character, or a surrogate, which could not be told in a reply.
    """
    if code == "u":
        try:
            str(data, _CHARACTERS)
        except UnicodeDecodeError as error:
            number = int.from_bytes(data[error.start : error.start + 4], "little")
            raise ValueError(_NO_CHARACTER.format(number)) from None


def to_array(code: str, data: bytes | memoryview = b"") -> array[Any]:
    """Return the items packed in `data` as an array in this machine's order."""
    made: array[Any] = array(_KEPT_AS.get(code, code))
    made.frombytes(data)
    if sys.byteorder == "big":
        made.byteswap()
    return made


def item_bytes(code: str) -> int:
    """Return the size of an item in bytes."""
    return to_array(code).itemsize


def pack(code: str, items: Iterable[Any]) -> bytes:
    """Return `items` packed.

    Raises:
        OverflowError: one is out of the range of its type.
        TypeError: one is of another type.
        ValueError: one is a surrogate.
    """
    return bytes(pack_view(code, items))


def pack_view(code: str, items: Iterable[Any]) -> memoryview:
    """Return `items` packed, as `pack` does: as a view of them if they lie there as they travel."""
    kept = _KEPT_AS.get(code, code)
    data = _buffer_of(items, kept)
    if data is None:
        data = memoryview(array(kept, _numbers(code, items))).cast("B")
    return data if sys.byteorder == "little" else memoryview(_swapped(kept, data))


def view(code: str, data: bytes | memoryview) -> memoryview:
    """Return the items packed in `data` as a buffer of their C type, copied only if it must be."""
    kept = _KEPT_AS.get(code, code)
    packed = memoryview(data if sys.byteorder == "little" else _swapped(kept, data))
    return packed.cast(kept)  # type: ignore[call-overload, no-any-return]  # one of the table


def _swapped(kept: str, data: bytes | memoryview) -> bytes:
    made = array(kept, bytes(data))
    made.byteswap()
    return made.tobytes()


def pack_first(code: str, item: Any) -> bytes:
    """Return the item that a value is to have at first, packed; 0 is the zero of every type.

    Raises:
        OverflowError, TypeError, ValueError: its type cannot have it, or does not exist.
    """
    check_code(code)
    is_zero = not isinstance(item, (str, bytes)) and item == 0
    return bytes(item_bytes(code)) if is_zero else pack(code, [item])


def unpack(code: str, data: bytes | memoryview) -> Any:
    """Return what is packed in `data`: bytes for ``c``, text for ``u``, else a list of numbers."""
    if code == "c":
        return bytes(data)
    items = view(code, data)
    return "".join(map(chr, items)) if code == "u" else items.tolist()


def to_item(code: str, number: Any) -> Any:
    """Return the Python value of one item that an array has as `number`."""
    if code == "c":
        return bytes((number,))
    return chr(number) if code == "u" else number


def _buffer_of(items: Iterable[Any], kept: str) -> memoryview | None:
    """Return the bytes of `items` if they are a buffer (of NumPy, say) of just this C type."""
    try:
        view = memoryview(items)  # type: ignore[arg-type]  # that is what is asked
    except TypeError:
        return None
    is_long = view.itemsize == LONG_BYTES and view.format in ("l", "L")
    form = _KEPT_AS[view.format] if is_long and view.format else view.format
    if form != kept:
        return None
    return view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())


def _numbers(code: str, items: Iterable[Any]) -> list[Any] | tuple[Any, ...]:
    """Return what an array keeps for Python values, as something that it reads item by item."""
    if code in "cu":
        return [_number(code, item) for item in items]
    # Of bytes, or of another array, it would take the bytes.
    return items if type(items) in (list, tuple) else list(items)  # type: ignore[return-value]  # one of them


def _number(code: str, item: Any) -> Any:
    """Return what an array keeps for one character."""
    if code == "u":
        if not isinstance(item, str) or len(item) != 1:
            raise TypeError("one character str expected")
        number = ord(item)
        if number in _SURROGATES:
            raise ValueError(_NO_CHARACTER.format(number))
        return number
    if isinstance(item, int):  # an item of bytes
        return item
    if not isinstance(item, (bytes, bytearray)) or len(item) != 1:
        raise TypeError("one character bytes expected")
    return item[0]
