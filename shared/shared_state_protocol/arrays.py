"""numpy's arrays and scalars, where numpy is installed.

Theory
------
An array is its dtype, its shape, its order in memory and its bytes. Only dtypes whose items *are*
their bytes can travel: objects and variable-length strings are pointers. A dtype is written as
numpy's own short text (``<f8``), with the byte order, or for records and sub-arrays as a dict of
such texts. What is read is checked in Python's own integers before numpy is asked for anything,
because numpy's text for dtypes knows much more than what is sent here.

numpy is never imported to encode: a value can only be numpy's if numpy is loaded already.
"""

from __future__ import annotations

import math
import re
import sys
from typing import Any, cast

from .errors import DecodingError, EncodingError
from .extensions import ARRAY, SCALAR
from .limits import MAX_NODES

__all__ = ["build", "equal", "is_array", "plain_key", "reduce"]

# Booleans, integers, floats, complex numbers, bytes, text, void, dates and durations.
_SIMPLE_DTYPE = re.compile(r"[<>|=][biufcSUVmM]\d{0,9}(\[\d{0,9}[a-zA-Z]{1,7}\])?")

_TEXT, _BYTES = "<U", "|S"
_TITLE = 2  # the place of a field's title, if it has one
_MAX_DIMENSIONS = 64  # numpy's own limit


def reduce(value: Any) -> tuple[int, list[Any]] | None:
    """Return tag and body if `value` is an array or a scalar of numpy, None for anything else.

    Raises:
        EncodingError: its items are not plain bytes.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if type(value) is numpy.ndarray:
        fortran = value.flags.f_contiguous and not value.flags.c_contiguous
        order = "F" if fortran else "C"
        dtype = _dtype_body(numpy, value.dtype)
        return ARRAY, [dtype, list(value.shape), order, value.tobytes(order)]
    if type(value) is numpy.str_:  # numpy's own conversions lose the zeros at its end
        return SCALAR, [_TEXT, str.__str__(value)]
    if type(value) is numpy.bytes_:
        return SCALAR, [_BYTES, bytes(value)]
    if isinstance(value, numpy.generic) and value.dtype.type is type(value):
        return SCALAR, [_dtype_body(numpy, value.dtype), value.tobytes()]
    return None


def build(tag: int, body: list[Any]) -> object:
    """Return the array or scalar that `reduce` made `body` of; numpy has to be installed.

    Raises:
        ImportError: it is not.
    """
    import numpy

    if tag == ARRAY:
        return _array(numpy, *body)
    described, content = body
    if described == _TEXT:
        return numpy.str_(content)
    if described == _BYTES:
        return numpy.bytes_(content)
    return _array(numpy, described, [1], "C", content)[0]


def _array(numpy: Any, described: Any, shape: list[int], order: str, content: bytes) -> Any:
    dtype = numpy.dtype(_dtype(numpy, described))
    if len(shape) > _MAX_DIMENSIONS or not all(0 <= length <= sys.maxsize for length in shape):
        raise DecodingError("an array of an impossible shape")
    items = math.prod(shape)
    if dtype.hasobject or items * dtype.itemsize != len(content):
        raise DecodingError("an array whose bytes do not fill its shape")
    if items > MAX_NODES and not content:
        raise DecodingError(f"an array of more than {MAX_NODES:,} items of no size (MAX_NODES)")
    if order not in ("C", "F"):
        raise DecodingError("an array in no known order")
    return numpy.ndarray(tuple(shape), dtype, bytearray(content), order=order)


def _dtype_body(numpy: Any, dtype: Any) -> Any:
    described = _described(dtype)
    rebuilt = numpy.dtype(_dtype(numpy, described))
    if rebuilt != dtype or rebuilt.type is not dtype.type:
        raise EncodingError(
            f"cannot send numpy items of {dtype!r}: their type has more than a layout"
        )
    return described


def _described(dtype: Any) -> Any:
    if dtype.subdtype is not None:
        return {"base": _described(dtype.subdtype[0]), "shape": list(dtype.shape)}
    if dtype.names is not None and dtype.fields is not None:
        fields = [dtype.fields[name] for name in dtype.names]
        return {
            "names": list(dtype.names),
            "formats": [_described(field[0]) for field in fields],
            "offsets": [field[1] for field in fields],
            "titles": [field[2] if len(field) > _TITLE else None for field in fields],
            "itemsize": dtype.itemsize,
            "aligned": dtype.isalignedstruct,
        }
    if not _SIMPLE_DTYPE.fullmatch(dtype.str):
        raise EncodingError(f"cannot send numpy items of {dtype!r}: they are not plain bytes")
    return dtype.str


def _dtype(numpy: Any, described: Any) -> Any:
    """Return something that numpy takes for the dtype that was described."""
    if isinstance(described, str) and _SIMPLE_DTYPE.fullmatch(described):
        return described
    if type(described) is not dict:
        raise DecodingError("a dtype that is none")
    described = cast("dict[str, Any]", described)
    if "base" in described:
        return (_dtype(numpy, described["base"]), tuple(described["shape"]))
    record: dict[str, Any] = {
        key: described[key] for key in ("names", "offsets", "titles", "itemsize")
    }
    record["formats"] = [_dtype(numpy, field) for field in described["formats"]]
    return numpy.dtype(record, align=described["aligned"])


def is_array(value: Any) -> bool:
    """Return whether `value` is an array of numpy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def equal(left: Any, right: Any) -> bool:
    """Return whether two arrays have the same shape and equal items."""
    return bool(sys.modules["numpy"].array_equal(left, right))


def plain_key(key: Any) -> Any:
    """Return `key` with the plain values that its numpy scalars equal and hash like.

    Raises:
        EncodingError: there is no such value, as for dates of numpy.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return key
    if type(key) is tuple:
        return tuple(map(plain_key, cast("tuple[object, ...]", key)))
    if type(key) is frozenset:
        return frozenset(map(plain_key, cast("frozenset[object]", key)))
    if not isinstance(key, numpy.generic):
        return key
    if isinstance(key, (str, bytes)):
        return str.__str__(key) if isinstance(key, str) else bytes(key)
    plain = key.item()
    dated = isinstance(key, (numpy.datetime64, numpy.timedelta64))
    if dated or type(plain) not in (bool, int, float, complex):
        raise EncodingError(f"a {type(key).__name__} of numpy cannot be a key: convert it first")
    return plain
