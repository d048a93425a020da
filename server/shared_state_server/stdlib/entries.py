"""Entries: the objects that the standard library's clients reach, and how long they live.

Clients count their references with ``incref`` and ``decref``. An entry lives while a client counts
it or something in this server refers to it: a proxy that is kept in a list here holds its entry,
and lets go of it with the list.

An identity is the server's own random prefix and a number, so one that outlived its server never
names another object.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any
from weakref import WeakValueDictionary

from .takings import Holders, is_taken_from

__all__ = ["Entries", "Entry"]


class Entry:
    """An object, and what clients may call on it.

    `is_adapter` says that it is one of our behaviours, which live in the event loop; `is_plain`
    that it is a container without any code of users in it, whose methods may run there. `holders`
    is there if it is a lock or a queue of `threading` or `queue`, which clients take from.
    """

    __slots__ = (
        "__weakref__",
        "exposed",
        "holders",
        "ident",
        "is_adapter",
        "is_plain",
        "method_to_typeid",
        "obj",
        "typeid",
    )

    def __init__(
        self,
        ident: str,
        typeid: str,
        obj: Any,
        exposed: frozenset[str],
        method_to_typeid: dict[str, str],
    ) -> None:
        self.ident = ident
        self.typeid = typeid
        self.obj = obj
        self.exposed = exposed
        self.method_to_typeid = method_to_typeid
        self.is_adapter = False
        self.is_plain = False
        self.holders = Holders(obj) if is_taken_from(obj) else None


class Entries:
    """All entries of a server. Any thread may ask."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._mutex = threading.Lock()
        self._alive: WeakValueDictionary[str, Entry] = WeakValueDictionary()
        self._by_object: WeakValueDictionary[tuple[int, str], Entry] = WeakValueDictionary()
        self._counted: dict[str, Entry] = {}
        self._counts: dict[str, int] = {}

    def add(
        self, typeid: str, obj: Any, exposed: frozenset[str], method_to_typeid: dict[str, str]
    ) -> Entry:
        """Return the entry of an object, the one that it has already or a new one; count it."""
        with self._mutex:
            entry = self._by_object.get((id(obj), typeid))
            if entry is None or entry.obj is not obj:
                ident = f"{self._prefix}-{next(self._numbers):x}"
                entry = Entry(ident, typeid, obj, exposed, method_to_typeid)
                self._alive[ident] = self._by_object[id(obj), typeid] = entry
            self._count(entry)
        return entry

    def find(self, ident: str) -> Entry:
        """Return an entry.

        Raises:
            KeyError: there is none of that identity any more.
        """
        return self._counted.get(ident) or self._alive[ident]

    def is_ours(self, ident: str) -> bool:
        """Return whether an identity was given here, whether its entry lives or not."""
        return ident.startswith(self._prefix)

    def incref(self, ident: str) -> None:
        """Count one more reference of a client.

        Raises:
            KeyError: there is no such entry any more.
        """
        with self._mutex:
            self._count(self.find(ident))

    def decref(self, ident: str) -> None:
        """Count one reference less.

        Raises:
            KeyError: no client had one.
        """
        with self._mutex:
            self._counts[ident] -= 1
            gone = None
            if not self._counts[ident]:
                del self._counts[ident]
                gone = self._counted.pop(ident)
        del gone  # not before: its end may let go of others, and take the mutex

    def counts(self) -> Iterator[tuple[Entry, int]]:
        """Yield what clients count, and how often."""
        for ident, count in sorted(self._counts.items()):
            yield self._counted[ident], count

    def __len__(self) -> int:
        return len(self._counts)

    def _count(self, entry: Entry) -> None:
        self._counted[entry.ident] = entry
        self._counts[entry.ident] = self._counts.get(entry.ident, 0) + 1
