"""A manager's Value and Array: boxes in the server."""

from __future__ import annotations

from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


def serve() -> BaseManager:
    return SyncManager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager = SyncManager(address, KEY)
    manager.connect()
    value: Any = manager.Value("i", 7)
    value.value += 1
    value.set(value.get() * 2)
    print(value.value, str(value), type(value).__name__)
    value.value = "anything"
    print(value.get(), str(manager.Value("d", 0.5)))
    array: Any = manager.Array("d", [1.0, 2.0, 3.0])
    array[1] = 20.0
    array[2:] = type(array._getvalue())("d", [30.0, 40.0])
    print(len(array), array[1], array[0:2], list(array), str(array))
    attempt(array.__getitem__, 10)
    attempt(array.__setitem__, 0, "text")
    print(sum(array), [x for x in array], array._getvalue().typecode)


if __name__ == "__main__":
    play(serve, use)
