"""An empty key: programs on closed networks have none."""

from __future__ import annotations

from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


class Manager(BaseManager):
    pass


def serve() -> BaseManager:
    Manager.register("shared", callable=lambda: [1, 2])
    return Manager(LOOPBACK, b"")


def use(address: Address) -> None:
    Manager.register("shared")
    manager: Any = Manager(address, authkey=b"")
    manager.connect()
    shared = manager.shared()
    shared.append(3)
    print(shared, type(shared).__name__, sorted(shared._exposed_)[:3])
    other = Manager(address, authkey=KEY)
    attempt(other.connect)


if __name__ == "__main__":
    play(serve, use)
