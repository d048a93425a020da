"""Adapters: our behaviours with the methods that `threading` and `queue` have.

Each method is called in the event loop, with the call that a behaviour wants; its parameters and
defaults are the standard library's. `exposed` are the methods that a client may call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import LifoQueue, Queue
from typing import Any

from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import contract_name

from .adapter import Adapter
from .barrier import BarrierAdapter
from .condition import ConditionAdapter
from .contained import (
    ArrayAdapter,
    DictAdapter,
    ListAdapter,
    NamespaceAdapter,
    SetAdapter,
    ValueAdapter,
)
from .event import EventAdapter
from .lock import LockAdapter, RLockAdapter
from .queue import LifoQueueAdapter, QueueAdapter
from .semaphore import BoundedSemaphoreAdapter, SemaphoreAdapter

__all__ = ["Adapter", "adapter_for", "adapter_of", "is_adapted"]

_ADAPTERS: dict[Any, Callable[..., Adapter]] = {
    Queue: QueueAdapter,
    LifoQueue: LifoQueueAdapter,
    threading.Barrier: BarrierAdapter,
    threading.BoundedSemaphore: BoundedSemaphoreAdapter,
    threading.Condition: ConditionAdapter,
    threading.Event: EventAdapter,
    threading.Lock: LockAdapter,
    threading.RLock: RLockAdapter,
    threading.Semaphore: SemaphoreAdapter,
}

_OF_SERVICE: dict[str, type[Adapter]] = {
    "array": ArrayAdapter,
    "barrier": BarrierAdapter,
    "bounded_semaphore": BoundedSemaphoreAdapter,
    "condition": ConditionAdapter,
    "dict": DictAdapter,
    "event": EventAdapter,
    "joinable_queue": QueueAdapter,
    "lifo_queue": QueueAdapter,
    "list": ListAdapter,
    "lock": LockAdapter,
    "namespace": NamespaceAdapter,
    "priority_queue": QueueAdapter,
    "queue": QueueAdapter,
    "rlock": RLockAdapter,
    "semaphore": SemaphoreAdapter,
    "set": SetAdapter,
    "value": ValueAdapter,
}
"""By the names of the service's types. A pipe has two ends, which one typeid cannot say."""


def adapter_of(behaviour: Any, codec: Codec) -> Adapter:
    """Return an adapter for an object of the service.

    Raises:
        TypeError: clients of the standard library cannot reach one of its type.
    """
    type_name = contract_name(behaviour.__class__)
    if type_name not in _OF_SERVICE:
        raise TypeError(f"a {type_name} cannot be reached by clients of the standard library")
    return _OF_SERVICE[type_name].of(behaviour, codec)


def is_adapted(made_by: Any) -> bool:
    """Return whether we may have an object in place of one of `made_by`."""
    try:
        return made_by in _ADAPTERS
    except TypeError:  # a callable that has no hash
        return False


def adapter_for(made_by: Any, args: tuple[Any, ...], kwds: dict[str, Any]) -> Adapter | None:
    """Return our object for one that `made_by`, a class of the standard library, would make.

    None if we have none, or not for these arguments: a barrier with an action runs users' code.
    """
    if not is_adapted(made_by):
        return None
    adapter = _ADAPTERS[made_by]
    if adapter is BarrierAdapter and not BarrierAdapter.suits(*args, **kwds):
        return None
    return adapter(*args, **kwds)
