"""The behaviours: plain data and plain methods that keep the contracts.

A method has its contract's parameters, all positional and as they arrive: keys and values as
encoded bytes, for a default only whether there is one. One that has to know who asks, or has to
wait, takes the `Call` first. Every behaviour has `size`. One that lets clients wait
has `waiters` and `close`; one that can be held has `owners` and `abandon`.
"""

from __future__ import annotations

from .dict import Dict
from .list import List
from .lock import Lock
from .queue import Queue

__all__ = ["BEHAVIOURS", "Dict", "List", "Lock", "Queue"]

BEHAVIOURS: tuple[type, ...] = (Dict, List, Queue, Lock)
