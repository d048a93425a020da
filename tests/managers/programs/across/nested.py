"""Shared objects in shared objects: lists of dicts, dicts of lists, changed from within."""

from __future__ import annotations

from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


def serve() -> BaseManager:
    return SyncManager(LOOPBACK, KEY)


def use(address: Address) -> None:
    import multiprocessing

    multiprocessing.current_process().authkey = KEY
    manager = SyncManager(address, KEY)
    manager.connect()
    rows: Any = manager.list([manager.dict(n=n) for n in range(3)])
    rows[1]["n"] = "changed"
    print([row.copy() for row in rows])
    print(type(rows[0]).__name__, len(rows), rows[1].get("n"))
    config: Any = manager.dict()
    config["hosts"] = manager.list()
    config["hosts"].append("a")
    config["hosts"].extend(["b", "c"])
    hosts = config["hosts"]
    hosts.reverse()
    print(config["hosts"][:], list(hosts), str(config["hosts"]))
    config["deep"] = manager.dict(level=manager.dict(level=manager.list([1])))
    config["deep"]["level"]["level"].append(2)
    print(config["deep"]["level"]["level"]._getvalue())
    del hosts
    alone = config.pop("hosts")
    alone.append("d")
    print(alone[:], sorted(config.keys()))
    values: Any = manager.dict(plain=[1])
    values["plain"].append(2)
    print(values["plain"])


if __name__ == "__main__":
    play(serve, use)
