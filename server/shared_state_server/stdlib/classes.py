"""Classes: which of them a pickle may name.

A pickle is a program that may call whatever it can name. Where the operator has not said that he
trusts everybody with the key, it can name exactly what is listed here and what he has named himself
(``module:Class``), and nothing that is reached through those.

Those listed in `QUICK` are also such whose code we know: a request with nothing else in it can be
read in the event loop. Any other is read on a worker thread, since what it runs is somebody's code.
"""

from __future__ import annotations

import functools
import importlib
import io
import pickle
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .making import MEASURED, Making
from .memo import check_memo

__all__ = ["MANAGERS", "PROXIES", "Classes", "Elsewhere", "names_no_class"]

MANAGERS = "multiprocessing.managers"
"""The module by whose names proxies and tokens travel."""

_OURS = "shared_state.managers"
"""Our own classes of the same names, which our clients translate; an older one may not have."""

PROXIES = frozenset(
    "AutoProxy ListProxy DictProxy NamespaceProxy ValueProxy ArrayProxy AcquirerProxy"
    " ConditionProxy EventProxy BarrierProxy IteratorProxy PoolProxy BasePoolProxy BaseListProxy"
    " BaseProxy SetProxy".split()
)
_MANAGERS_NAMES = PROXIES | {"RebuildProxy", "Token"}

QUICK: dict[str, frozenset[str]] = {
    module: frozenset(names.split())
    for module, names in {
        "builtins": "bool bytearray bytes complex dict float frozenset int list object range set"
        " slice str tuple",
        "array": "array _array_reconstructor",
        "collections": "OrderedDict deque defaultdict Counter",
        "datetime": "date datetime time timedelta timezone",
        "decimal": "Decimal",
        "fractions": "Fraction",
        "uuid": "UUID SafeUUID",
    }.items()
}


_NAMING = re.compile(rb"[\n\x82-\x84\x93]")
"""What a pickle cannot name a class without: a newline ends the names after GLOBAL and INST, and
the others are EXT1, EXT2, EXT4 and STACK_GLOBAL. They may be a part of a value as well."""


def names_no_class(payload: bytes) -> bool:
    """Return whether a pickle is plain for sure: reading it as such takes a quarter of the time."""
    return _NAMING.search(payload) is None


class Elsewhere(Exception):
    """Raised where a pickle needs code of a user: it has to be read on a worker thread."""


class Classes:
    """What the pickles of a server's clients may name.

    `named` has names as ``module:Class``; None stands for any.
    """

    def __init__(self, named: Iterable[str] | None) -> None:
        self._named = None if named is None else frozenset(named)
        for each in self._named or ():
            if not each.partition(":")[0] or not each.partition(":")[2]:
                raise ValueError(f"a class is named as module:Class, not {each!r}")
        self._found: dict[tuple[str, str], Any] = {}

    def check(self, payload: bytes) -> None:
        """Refuse a pickle whose memo would be larger than itself, unless all clients are trusted.

        Raises:
            pickle.UnpicklingError: it would.
        """
        if self._named is not None:
            check_memo(payload)

    def load(self, payload: bytes, rebuild: Callable[..., Any], *, plain_only: bool) -> Any:
        """Read a pickle; `rebuild` makes the proxies in it.

        Raises:
            Elsewhere: it needs code of users, and is to be `plain_only`, as in the event loop.
            pickle.UnpicklingError: it names a class that is not allowed.
        """
        reader = _Unpickler(io.BytesIO(payload))
        reader.classes, reader.rebuild, reader.plain_only = self, rebuild, plain_only
        reader.making = None if self._named is None else Making(len(payload))
        return reader.load()

    def find(self, module: str, name: str, plain_only: bool) -> Any:
        """Return what a pickle names. Raises as `load` does."""
        known = self._found.get((module, name))
        if known is not None:
            return known
        if name in QUICK.get(module, ()):
            found = getattr(importlib.import_module(module), name)
            self._found[module, name] = found
            return found
        if name in PROXIES and is_managers(module):
            return getattr(sys.modules[MANAGERS], name, None) or getattr(
                importlib.import_module(_OURS), name
            )
        return self._find_users(module, name, plain_only)

    def _find_users(self, module: str, name: str, plain_only: bool) -> Any:
        if self._named is not None and f"{module}:{name}" not in self._named:
            raise pickle.UnpicklingError(
                f"the class {module}.{name} is not allowed here: whoever runs the server has to "
                f"name it, as {module}:{name}"
            )
        if plain_only:
            raise Elsewhere
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found


def is_managers(module: str) -> bool:
    """Return whether the proxies of a module are the standard library's or ours."""
    return module in {MANAGERS, _OURS} or module.startswith(f"{_OURS}.")


class _Unpickler(pickle.Unpickler):
    """Reads one request. Its attributes are set from outside: an `__init__` costs 0.6 µs.

    What it finds may not refer to it: its memo holds that, and until Python 3.11 the garbage
    collector does not look there, so that the whole request would never be let go of.
    """

    classes: Classes
    rebuild: Callable[..., Any]
    plain_only: bool
    making: Making | None

    def find_class(self, module: str, name: str, /) -> Any:
        if is_managers(module):
            if name == "RebuildProxy":
                return functools.partial(self.rebuild)  # whose attributes BUILD cannot set
            if name == "Token":
                return sys.modules[MANAGERS].Token
        found = self.classes.find(module, name, self.plain_only)
        if self.making is not None and name in MEASURED.get(module, ()):
            return self.making.measured(found)
        return found
