"""A lock that everybody asks for anew, by its registered name, for each call."""

from __future__ import annotations

import threading
from multiprocessing.managers import AcquirerProxy, BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


class Manager(BaseManager):
    pass


lock = threading.Lock()
plain = threading.Lock()
semaphore = threading.Semaphore(2)
event = threading.Event()


def serve() -> BaseManager:
    Manager.register("lock", callable=lambda: lock, proxytype=AcquirerProxy)
    Manager.register("plain", callable=lambda: plain)
    Manager.register("semaphore", callable=lambda: semaphore)
    Manager.register("event", callable=lambda: event)
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    Manager.register("lock", proxytype=AcquirerProxy)
    for name in ("plain", "semaphore", "event"):
        Manager.register(name)
    manager: Any = Manager(address, KEY)
    manager.connect()
    for lock in (manager.lock, manager.plain):
        print(lock().acquire(), lock().acquire(False))
        lock().release()
        print(lock().acquire(False))
        lock().release()
        attempt(lambda lock=lock: lock().release())
    print([manager.semaphore().acquire(blocking=False) for _ in range(3)])
    manager.event().set()
    print(manager.event().is_set(), manager.plain().locked())
    with manager.lock():
        print(manager.lock().acquire(False))


if __name__ == "__main__":
    play(serve, use)
