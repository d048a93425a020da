"""Shared objects are put into a shared list, taken out and dropped: they are gone in the server."""

from __future__ import annotations

import weakref
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_better
from tests.managers.programs.watching import until

ROUNDS = 5


class Thing:
    def name(self) -> str:
        return "a thing"


living: weakref.WeakSet[Thing] = weakref.WeakSet()


def make() -> Thing:
    thing = Thing()
    living.add(thing)
    return thing


def count() -> int:
    return len(living)


class Manager(SyncManager):
    pass


Manager.register("Thing", make)
Manager.register("count", count)


def main(patience_s: float) -> bool:
    manager: Any = Manager()
    manager.start()
    outer = manager.list()
    for _ in range(ROUNDS):
        outer.append(manager.Thing())
        assert outer[0].name() == "a thing"
        assert manager.count()._getvalue() > 0
        outer.pop()
    return until(lambda: manager.count()._getvalue() == 0, patience_s)


if __name__ == "__main__":
    play_better(main)
