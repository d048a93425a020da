"""A proxy that is passed as an argument arrives as the object that it stands for."""

from __future__ import annotations

import multiprocessing
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


class Inspector:
    def put(self, line: Any, *items: Any) -> None:
        for item in items:
            line.put(item)

    def calls(self, other: Any) -> Any:
        return other.kept_length()

    def fill(self, target: Any, *items: Any, **named: Any) -> int:
        target.extend(items)
        for value in named.values():
            target.append(value["a"])
        return len(target)

    def keep(self, thing: Any) -> None:
        self.kept = thing

    def kept_length(self) -> int:
        return len(self.kept)

    def hold(self, lock: Any) -> bool:
        with lock:
            return bool(lock.acquire(False))


class Manager(SyncManager):
    pass


Manager.register("Inspector", Inspector)


def serve() -> BaseManager:
    multiprocessing.current_process().authkey = KEY
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    multiprocessing.current_process().authkey = KEY
    manager: Any = Manager(address, KEY)
    manager.connect()
    inspector, other = manager.Inspector(), manager.Inspector()
    items, config = manager.list(), manager.dict(a=1)
    print(inspector.fill(items, 1, 2, last=config), items[:])
    inspector.keep(items)
    items.append("more")
    print(inspector.kept_length(), other.calls(inspector))
    line = manager.Queue()
    inspector.put(line, 1, "two", config)
    print(line.get(), line.get(), line.get().copy())
    lock = manager.Lock()
    print(inspector.hold(lock), lock.acquire(False), inspector.fill(items, items))
    print(len(items), len(items[-1]))


if __name__ == "__main__":
    play(serve, use)
