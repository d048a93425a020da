"""Proxies that travel as pickles, and what their `repr` and `str` say."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import re
import threading
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


def serve() -> BaseManager:
    return SyncManager(LOOPBACK, KEY)


def use(address: Address) -> None:
    multiprocessing.current_process().authkey = KEY
    manager: Any = SyncManager(address, KEY)
    manager.connect()
    first = manager.dict(a=1)
    second = pickle.loads(pickle.dumps(first))
    second["b"] = 2
    print(first.copy(), type(second) is type(first), second._id == first._id)
    original = manager.Queue()
    queue = pickle.loads(pickle.dumps(original))
    thread = threading.Thread(target=queue.put, args=("from a thread",))
    thread.start()
    print(queue.get(timeout=10))
    thread.join()
    for made in (first, manager.list([1]), queue, manager.Lock(), manager.Value("i", 1)):
        print(re.sub(r"0x[0-9a-f]+", "0x…", repr(made)))
    print(str(first), str(manager.list([[1], "a"])), str(manager.Value("i", 1)))
    print(KEY in pickle.dumps(first), KEY.hex().encode() in pickle.dumps(first))
    print(type(copy.deepcopy(first)).__name__, copy.deepcopy(first), first != {"a": 1})
    again = pickle.loads(pickle.dumps([first, first]))
    again[0]["c"] = 3
    print(len(again[1]), len(first))


if __name__ == "__main__":
    play(serve, use)
