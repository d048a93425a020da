"""The contracts, one in a file, and the table of them all."""

from __future__ import annotations

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
from .priority_queue import PriorityQueue
from .queue import Queue
from .rlock import RLock
from .semaphore import Semaphore
from .set import Set

__all__ = [
    "CONTRACTS",
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
    "PriorityQueue",
    "Queue",
    "RLock",
    "Semaphore",
    "Set",
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
)
