"""The contracts, one in a file, and the table of them all."""

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
    "CONTRACTS",
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

CONTRACTS: tuple[type, ...] = (
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
