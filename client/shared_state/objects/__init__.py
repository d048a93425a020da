"""The contracts, each bound twice, and Python's own syntax for the blocking ones.

What an operation does is said in its contract. Here is what only a language can add: ``d[k] = v``,
``in``, ``len``, slices, ``with``, and what the abstract base classes promise.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..proxy import AsyncProxy, Proxy, type_name
from .array import Array, AsyncArray
from .barrier import AsyncBarrier, Barrier
from .bounded_semaphore import AsyncBoundedSemaphore, BoundedSemaphore
from .claim import AsyncClaim, Claim
from .condition import AsyncCondition, Condition
from .dict import AsyncDict, Dict
from .event import AsyncEvent, Event
from .joinable_queue import AsyncJoinableQueue, JoinableQueue
from .lifo_queue import AsyncLifoQueue, LifoQueue
from .list import AsyncList, List
from .lock import AsyncLock, Lock
from .namespace import AsyncNamespace, Namespace
from .pipe import AsyncPipe, AsyncPipeEnd, Pipe, PipeEnd
from .priority_queue import AsyncPriorityQueue, PriorityQueue
from .queue import AsyncQueue, Queue
from .rlock import AsyncRLock, RLock
from .semaphore import AsyncSemaphore, Semaphore
from .set import AsyncSet, Set
from .value import AsyncValue, Value

__all__ = [
    "AWAITING",
    "BLOCKING",
    "Array",
    "AsyncArray",
    "AsyncBarrier",
    "AsyncBoundedSemaphore",
    "AsyncClaim",
    "AsyncCondition",
    "AsyncDict",
    "AsyncEvent",
    "AsyncJoinableQueue",
    "AsyncLifoQueue",
    "AsyncList",
    "AsyncLock",
    "AsyncNamespace",
    "AsyncPipe",
    "AsyncPipeEnd",
    "AsyncPriorityQueue",
    "AsyncQueue",
    "AsyncRLock",
    "AsyncSemaphore",
    "AsyncSet",
    "AsyncValue",
    "Barrier",
    "BoundedSemaphore",
    "Claim",
    "Condition",
    "Dict",
    "Event",
    "JoinableQueue",
    "LifoQueue",
    "List",
    "Lock",
    "Namespace",
    "Pipe",
    "PipeEnd",
    "PriorityQueue",
    "Queue",
    "RLock",
    "Semaphore",
    "Set",
    "Value",
]

_PROXIES: tuple[type[Proxy], ...] = (
    Dict,
    List,
    Set,
    Namespace,
    Queue,
    LifoQueue,
    PriorityQueue,
    JoinableQueue,
    Lock,
    RLock,
    Semaphore,
    BoundedSemaphore,
    Condition,
    Event,
    Barrier,
    Value,
    Array,
    Pipe,
)
_ASYNC_PROXIES: tuple[type[AsyncProxy], ...] = (
    AsyncDict,
    AsyncList,
    AsyncSet,
    AsyncNamespace,
    AsyncQueue,
    AsyncLifoQueue,
    AsyncPriorityQueue,
    AsyncJoinableQueue,
    AsyncLock,
    AsyncRLock,
    AsyncSemaphore,
    AsyncBoundedSemaphore,
    AsyncCondition,
    AsyncEvent,
    AsyncBarrier,
    AsyncValue,
    AsyncArray,
    AsyncPipe,
)

BLOCKING: Mapping[str, type[Proxy]] = {type_name(each): each for each in _PROXIES}
"""The blocking class of every type, by the name of its contract."""

AWAITING: Mapping[str, type[AsyncProxy]] = {type_name(each): each for each in _ASYNC_PROXIES}
"""The awaiting class of every type, by the name of its contract."""
