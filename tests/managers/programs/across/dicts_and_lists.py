"""What can be done with a dict and a list of every Python that there is."""

from __future__ import annotations

from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


def serve() -> BaseManager:
    return SyncManager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = SyncManager(address, KEY)
    manager.connect()
    look_things_up(manager.dict([("a", 1), ("b", [2])], c=None))
    put_in_order(manager.list(range(5)))
    print(type(manager.dict()).__name__, type(manager.list()).__name__, str(manager.dict()))


def look_things_up(d: Any) -> None:
    d[(1, 2)] = {"nested": {1, 2}}
    d[0.25] = b"bytes"
    print(d, len(d), "a" in d, "z" in d, d["b"], d.get("z"), d.get("z", 5))
    print(d.keys(), d.values(), d.items(), list(d), [key for key in d])
    print(d.setdefault("a", 9), d.setdefault("new", 9), d.pop("new"), d.pop("new", "gone"))
    print(d.update({"a": 10}, e=5), d.popitem(), d.copy(), type(d.copy()).__name__)
    del d["a"]
    attempt(d.pop, "a")
    attempt(d.__delitem__, "a")
    attempt(d.__setitem__, [], 1)
    print(d.clear(), len(d), bool(d), dict(d), sorted(d))


def put_in_order(items: Any) -> None:
    print(items, len(items), items[0], items[-1], items[1:3], items[::-1], 3 in items)
    items.append("x")
    items.extend([7, 8])
    items.insert(0, "first")
    print(items.pop(), items.pop(0), items.index("x"), items.count(1), items.remove("x"))
    items[0], items[1:3] = 100, ["a", "b", "c"]
    del items[-1]
    print(items[:], list(reversed(items)), [item for item in items])
    items += [1, 2]
    items *= 2
    print(items[:], items + [5], items * 2 == items[:] * 2, len(2 * items))
    del items[3:]
    items.sort(key=str)
    items.reverse()
    print(items[:], items == items[:])
    attempt(items.remove, "nothing")
    attempt(items.__getitem__, 99)
    print(*items)


if __name__ == "__main__":
    play(serve, use)
