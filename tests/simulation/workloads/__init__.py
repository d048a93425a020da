"""What the processes of a run do, and what must have come of it: one file a type."""

from __future__ import annotations

from .condition import Condition
from .dict import Dict
from .list import List
from .queue import Queue
from .semaphore import Lock, Semaphore
from .workload import Workload

__all__ = ["WORKLOADS", "Workload"]

WORKLOADS: tuple[type[Workload], ...] = (Dict, List, Queue, Lock, Semaphore, Condition)
