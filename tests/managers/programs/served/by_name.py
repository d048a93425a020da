"""A client that knows the names of shared objects, and nothing of the server that has them."""

from __future__ import annotations

import queue
import sys
from multiprocessing.managers import AcquirerProxy, BaseManager, DictProxy, RemoteError
from typing import Any

from tests.managers.programs.stage import KEY, Address, address_of


class Shared(BaseManager):
    pass


Shared.register("jobs")
Shared.register("config", proxytype=DictProxy)
Shared.register("leader", proxytype=AcquirerProxy)


def use(address: Address, serializer: str) -> None:
    manager: Any = Shared(address, KEY, serializer)
    manager.connect()
    jobs, config, leader = manager.jobs(), manager.config(), manager.leader()
    jobs.put({"id": 1})
    jobs.put("two")
    print(jobs.get(), manager.jobs().get(timeout=10), jobs.empty())
    try:
        jobs.get(timeout=0.01)
    except (queue.Empty, RemoteError) as error:  # the other serializer has no exceptions
        print("Empty" in repr(error))
    config["rate"] = 10
    print(manager.config()["rate"], config.get("nothing"), len(config), "rate" in config)
    with leader:
        print(manager.leader().acquire(False))


if __name__ == "__main__":
    use(address_of(sys.argv[1]), sys.argv[2])
