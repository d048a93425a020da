"""The contracts, each bound twice, and Python's own syntax for the blocking ones.

What an operation does is said in its contract. Here is what only a language can add: ``d[k] = v``,
``in``, ``len``, slices, ``with``, and what the abstract base classes promise.
"""

from __future__ import annotations

from ..proxy import AsyncProxy, Proxy, type_name
from .dict import AsyncDict, Dict
from .list import AsyncList, List
from .lock import AsyncLock, Lock
from .queue import AsyncQueue, Queue

__all__ = [
    "AWAITING",
    "BLOCKING",
    "AsyncDict",
    "AsyncList",
    "AsyncLock",
    "AsyncQueue",
    "Dict",
    "List",
    "Lock",
    "Queue",
]

BLOCKING: dict[str, type[Proxy]] = {type_name(each): each for each in (Dict, List, Queue, Lock)}
"""The blocking class of every type, by the name of its contract."""

AWAITING: dict[str, type[AsyncProxy]] = {
    type_name(each): each for each in (AsyncDict, AsyncList, AsyncQueue, AsyncLock)
}
"""The awaiting class of every type, by the name of its contract."""
