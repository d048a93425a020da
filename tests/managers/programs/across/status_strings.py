"""Registered functions return proxies, even of None; `str` of one is `repr` of what it returned.

Clusters are steered like this: the state is compared as ``"'running'"``, with its quotes.
"""

from __future__ import annotations

from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


class ClusterManager(BaseManager):
    pass


state: dict[str, Any] = {"state": "running"}


def serve() -> BaseManager:
    ClusterManager.register("get", callable=lambda key: state.get(key))
    ClusterManager.register("set", callable=lambda key, value: state.update({key: value}))
    ClusterManager.register("sizes", callable=lambda: (1, 2.5, None))
    return ClusterManager(LOOPBACK, KEY)


def use(address: Address) -> None:
    for name in ("get", "set", "sizes"):
        ClusterManager.register(name)
    manager: Any = ClusterManager(address, KEY)
    manager.connect()
    print(str(manager.get("state")), str(manager.get("state")) == "'running'")
    print(str(manager.set("state", "stopped")), manager.set("state", "stopped")._getvalue())
    print(manager.get("state")._getvalue(), str(manager.get("nothing")))
    print(manager.get("nothing")._getvalue() is None, manager.get("nothing") is None)
    print(manager.sizes()._getvalue(), str(manager.sizes()))
    print(hasattr(manager.get("state"), "upper"), manager.get("state").upper())
    proxy = manager.get("state")
    print(repr(proxy).startswith("<AutoProxy[get] object, typeid 'get' at 0x"))


if __name__ == "__main__":
    play(serve, use)
