"""Agents: which task of an async client calls, as a number that is never used for another one.

The number of a thread is the interpreter's, and the server tells threads by their lanes as well.
Tasks share a lane, and the `id` of one that has ended may be that of the next: this would then
own the rlock that the other has left behind, and seem to wait for its own lock.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["TASKS", "number_of_task"]

TASKS = "asyncio"
"""What an async client calls its thread, which makes the calls of all its tasks."""

_numbers: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()
_count = itertools.count(1)


def number_of_task() -> int:
    """Return the number of the task that runs, or 0 if what runs is none."""
    task = asyncio.current_task()
    if task is None:
        return 0
    number = _numbers.get(task)
    if number is None:
        number = _numbers[task] = next(_count)
    return number
