"""A namespace, and what it does with names that begin with an underscore."""

from __future__ import annotations

from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


def serve() -> BaseManager:
    return SyncManager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = SyncManager(address, KEY)
    manager.connect()
    shared: Any = manager.Namespace(x=1, y="two")
    shared.z = [1, 2]
    shared._private = "here only"
    print(shared.x, shared.y, shared.z, shared._private, str(shared))
    shared.x += 1
    del shared.y
    print(hasattr(shared, "y"), shared.x, str(shared))
    attempt(getattr, shared, "nothing")
    attempt(delattr, shared, "nothing")
    shared.z.append(3)
    print(shared.z, repr(shared).startswith("<NamespaceProxy object, typeid 'Namespace' at 0x"))
    print(shared._callmethod("__getattribute__", ("x",)))


if __name__ == "__main__":
    play(serve, use)
