"""The states of a manager: started once, initialised, entered, shut down, joined."""

from __future__ import annotations

import os
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import attempt, play_alone

told: list[Any] = []


def remember(*what: Any) -> None:
    told.extend(what)


def recall() -> list[Any]:
    return told


def pid() -> int:
    return os.getpid()


class Manager(BaseManager):
    pass


Manager.register("recall", recall)
Manager.register("pid", pid)


def main() -> None:
    manager: Any = Manager()
    attempt(getattr, manager, "shutdown")
    manager.start(remember, ("initialised", 1))
    print(manager.recall(), told, manager.pid()._getvalue() != os.getpid())
    print(type(manager.address).__name__, manager._process.is_alive(), manager._process.name)
    attempt(manager.start)
    with manager as entered:
        print(entered is manager)
    print(manager._process.exitcode)
    attempt(manager.recall)
    attempt(manager.start)
    attempt(manager.__enter__)
    manager.shutdown()
    manager.join()
    with SyncManager() as sync:
        print(sync.list([1]))
    attempt(SyncManager().start, "no callable")
    two: Any = [SyncManager(), SyncManager()]
    for each in two:
        each.start()
    first, second = (each.list([number]) for number, each in enumerate(two))
    print(first, second)
    for each in two:
        each.shutdown()
    try:
        first.append(1)
    except (OSError, EOFError):
        print("gone")


if __name__ == "__main__":
    play_alone(main)
