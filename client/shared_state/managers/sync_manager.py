"""SyncManager: the manager with the standard library's types, and `Manager`, which starts one."""

from __future__ import annotations

import multiprocessing.managers as stdlib
import queue
import threading
from multiprocessing import get_context, pool
from typing import Any

from . import proxies
from .base_manager import BaseManager

__all__ = ["Manager", "SyncManager"]


class SyncManager(BaseManager):
    """A manager of dicts, lists, queues, locks and whatever else processes share.

    The types are registered below. Where one is a class of `threading` or `queue`, the server makes
    its own object with the same methods: one that knows who holds it and who waits.
    """


_theirs: Any = stdlib

for _typeid, _callable, _proxytype in (
    ("Queue", queue.Queue, None),
    ("JoinableQueue", queue.Queue, None),
    ("Event", threading.Event, proxies.EventProxy),
    ("Lock", threading.Lock, proxies.AcquirerProxy),
    ("RLock", threading.RLock, proxies.AcquirerProxy),
    ("Semaphore", threading.Semaphore, proxies.AcquirerProxy),
    ("BoundedSemaphore", threading.BoundedSemaphore, proxies.AcquirerProxy),
    ("Condition", threading.Condition, proxies.ConditionProxy),
    ("Barrier", threading.Barrier, proxies.BarrierProxy),
    ("Pool", pool.Pool, proxies.PoolProxy),
    ("list", list, proxies.ListProxy),
    ("dict", dict, proxies.DictProxy),
    ("set", set, proxies.SetProxy),
    ("Value", _theirs.Value, proxies.ValueProxy),
    ("Array", _theirs.Array, proxies.ArrayProxy),
    ("Namespace", _theirs.Namespace, proxies.NamespaceProxy),
):
    SyncManager.register(_typeid, _callable, _proxytype)

# What methods of the others return.
SyncManager.register("Iterator", proxytype=proxies.IteratorProxy, create_method=False)
SyncManager.register("AsyncResult", create_method=False)


def Manager() -> SyncManager:  # its name in `multiprocessing`
    """Start a manager in a child process, as `multiprocessing.Manager` does.

    It ends with `shutdown`, with the block that it is used in, or with this process.
    """
    made = SyncManager(ctx=get_context())
    made.start()
    return made
