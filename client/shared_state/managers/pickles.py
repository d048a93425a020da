"""Pickles: what is sent to a manager's server and comes from it, with proxies in it.

Proxies travel under the names of `multiprocessing.managers`, which every server knows, and are ours
again when they arrive. Most requests have none in them, and most replies mention none: a connection
looks for that first (`is_plain`, `MENTION`) and has `pickle` itself do the work, which is faster.
"""

from __future__ import annotations

import copyreg
import io
import multiprocessing.managers as stdlib
import pickle
import sys
import threading
from collections import ChainMap
from multiprocessing.reduction import ForkingPickler
from typing import Any

__all__ = ["MENTION", "dumps", "is_plain", "loads", "reading"]

REQUEST_PARTS = 4
"""Of every request: the identity, the method, its arguments and its keywords."""

_MANAGERS = stdlib.__name__
_PACKAGE = __name__.rpartition(".")[0]
_ATOMS = frozenset({bool, bytes, float, int, str, type(None)})

MENTION = _MANAGERS.encode()
"""Stands in every pickle of a proxy, and hardly in any other."""


_REDUCERS: Any = ChainMap[Any, Any](
    ForkingPickler._extra_reducers,  # type: ignore[attr-defined]  # not in stubs
    copyreg.dispatch_table,
)
"""In the order of `ForkingPickler`."""


class _Reading(threading.local):
    """The key of the connection whose reply is being read, for the proxies in it."""

    authkey: bytes | None = None


reading = _Reading()


class _Pickler(pickle.Pickler):
    """Writes our proxies as the standard library's, which every server knows."""

    dispatch_table = _REDUCERS

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, stdlib.BaseProxy):
            return NotImplemented
        reduced: Any = obj.__reduce__()
        rebuild, arguments, *state = reduced
        known: Any = sys.modules[_MANAGERS]
        if rebuild not in (known.RebuildProxy, sys.modules[_PACKAGE].RebuildProxy):
            return reduced
        made_by, *others = arguments
        name = getattr(made_by, "__name__", "")
        if made_by is getattr(sys.modules[_PACKAGE], name, None):
            made_by = getattr(known, name, made_by)
        return (known.RebuildProxy, (made_by, *others), *state)


class _Unpickler(pickle.Unpickler):
    """Reads the standard library's proxies as ours."""

    def find_class(self, module: str, name: str, /) -> Any:
        if module == _MANAGERS:
            ours = getattr(sys.modules[_PACKAGE], name, None)
            if ours is not None:
                return ours
        return super().find_class(module, name)


def is_plain(obj: Any) -> bool:
    """Return whether an object is a request without anything in it that has to be translated."""
    if not isinstance(obj, tuple) or len(obj) != REQUEST_PARTS:  # pyright: ignore[reportUnknownArgumentType]  # of whatever
        return False
    request: tuple[Any, str, Any, Any] = obj  # pyright: ignore[reportUnknownVariableType]  # as above
    _, _, arguments, keywords = request
    return not keywords and _ATOMS.issuperset(map(type, arguments))


def dumps(obj: Any) -> bytes:
    """Return the pickle of an object, with the standard library's proxies in place of ours."""
    buffer = io.BytesIO()
    _Pickler(buffer).dump(obj)
    return buffer.getvalue()


def loads(data: bytes, authkey: bytes | None) -> Any:
    """Return what was pickled, with our proxies in it; `authkey` is that of its connection."""
    reading.authkey = authkey
    try:
        return _Unpickler(io.BytesIO(data)).load()
    finally:
        reading.authkey = None
