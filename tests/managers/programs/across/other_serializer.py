"""The other serializer, for peers that must not unpickle: xmlrpclib."""

from __future__ import annotations

import queue
from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


class Manager(BaseManager):
    pass


class Calculator:
    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def fail(self) -> None:
        raise ValueError("no")


waiting: queue.Queue[Any] = queue.Queue()


def serve() -> BaseManager:
    Manager.register("waiting", callable=lambda: waiting)
    Manager.register("Calculator", Calculator)
    return Manager(LOOPBACK, KEY, serializer="xmlrpclib")


def use(address: Address) -> None:
    Manager.register("waiting")
    Manager.register("Calculator")
    manager: Any = Manager(address, KEY, serializer="xmlrpclib")
    manager.connect()
    line = manager.waiting()
    for item in ["text", None, True, 2.25, "hall\xe5", b"bytes", (1, 2), {"a": [1]}]:
        line.put(item)
    print([getattr(item, "data", item) for item in [line.get() for _ in range(8)]])
    calculator = manager.Calculator()
    print(calculator.add(1, 2), calculator.add("a", "b"), calculator.add([1], [2]))
    for function in (calculator.fail, lambda: line.put(print)):
        try:
            function()
        except Exception as error:  # noqa: BLE001  # each library has its own class for this
            print("raises", isinstance(error, Exception))


if __name__ == "__main__":
    play(serve, use)
