"""The behaviours: plain data and plain methods that keep the contracts.

A method has its contract's parameters, all positional and as they arrive: keys and values as
encoded bytes, for a default only whether there is one. One that has to know who asks, or has to
wait, takes the `Call` first. Every behaviour has `size`. One that lets clients wait
has `waiters` and `fail_all`; one that can be held has `owners` and `abandon`.
"""

from __future__ import annotations

from .array import Array
from .barrier import Barrier
from .bounded_semaphore import BoundedSemaphore
from .condition import Condition
from .dict import Dict
from .event import Event
from .joinable_queue import JoinableQueue
from .lifo_queue import LifoQueue
from .list import List
from .lock import Lock
from .namespace import Namespace
from .pipe import Pipe
from .priority_queue import PriorityQueue
from .queue import Queue
from .rlock import RLock
from .semaphore import Semaphore
from .set import Set
from .value import Value

__all__ = [
    "BEHAVIOURS",
    "Array",
    "Barrier",
    "BoundedSemaphore",
    "Condition",
    "Dict",
    "Event",
    "JoinableQueue",
    "LifoQueue",
    "List",
    "Lock",
    "Namespace",
    "Pipe",
    "PriorityQueue",
    "Queue",
    "RLock",
    "Semaphore",
    "Set",
    "Value",
]

BEHAVIOURS: tuple[type, ...] = (
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
