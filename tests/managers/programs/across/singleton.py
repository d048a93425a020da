"""One object for all: the same server-side object behind every call of a registered name."""

from __future__ import annotations

import threading
from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


class Counter:
    def __init__(self) -> None:
        self.count = 0
        self.lock = threading.Lock()

    def add(self, by: int = 1) -> int:
        with self.lock:
            self.count += by
            return self.count

    def get(self) -> int:
        return self.count


class Manager(BaseManager):
    pass


counter = Counter()
settings = {"threads": 4}


def serve() -> BaseManager:
    Manager.register("counter", callable=lambda: counter)
    Manager.register("add", callable=counter.add)
    Manager.register("settings", callable=lambda: settings, exposed=("__getitem__", "get"))
    return Manager(LOOPBACK, KEY)


def count(address: Address) -> None:
    manager: Any = Manager(address, KEY)
    manager.connect()
    mine = manager.counter()
    for _ in range(50):
        mine.add()


def use(address: Address) -> None:
    for name in ("counter", "add", "settings"):
        Manager.register(name)
    threads = [threading.Thread(target=count, args=(address,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    manager: Any = Manager(address, KEY)
    manager.connect()
    first, second = manager.counter(), manager.counter()
    print(first.get(), second.add(by=10), first.get(), first._id == second._id)
    print(manager.add(5)._getvalue(), first.get())
    print(manager._number_of_objects())
    del second
    print(manager._number_of_objects(), first.get())
    shared = manager.settings()
    print(shared.get("threads"), shared["threads"] if hasattr(shared, "__getitem__") else "hidden")


if __name__ == "__main__":
    play(serve, use)
