"""A client that takes a lock, says so, and waits to be killed."""

from __future__ import annotations

import signal
import sys
from multiprocessing.managers import AcquirerProxy, BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, Address, address_of


class Shared(BaseManager):
    pass


Shared.register("leader", proxytype=AcquirerProxy)


def use(address: Address) -> None:
    manager: Any = Shared(address, KEY)
    manager.connect()
    leader = manager.leader()
    leader.acquire()
    print("mine", flush=True)
    signal.pause()


if __name__ == "__main__":
    use(address_of(sys.argv[1]))
