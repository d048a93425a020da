"""The contracts, one in a file, and the table of them all."""

from __future__ import annotations

from .dict import Dict
from .list import List
from .lock import Lock
from .queue import Queue

__all__ = ["CONTRACTS", "Dict", "List", "Lock", "Queue"]

CONTRACTS: tuple[type, ...] = (Dict, List, Queue, Lock)
