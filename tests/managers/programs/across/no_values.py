"""What has no value that could be sent: the call fails, and the client goes on."""

from __future__ import annotations

import copy
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


class Secret:
    """A user's class: its calls have a worker."""

    def tell(self) -> str:
        return "told"

    def __repr__(self) -> str:
        raise ValueError("secret")


class Manager(SyncManager):
    pass


Manager.register("secret", Secret)
Manager.register("torn", Secret, exposed=("tell",), method_to_typeid={"tell": "nowhere"})


def serve() -> SyncManager:
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = Manager(address, KEY)
    manager.connect()
    lock, jobs, secret = manager.Lock(), manager.Queue(), manager.secret()
    for _ in range(2):
        attempt(lock._getvalue)
        attempt(copy.deepcopy, jobs)
        print(lock.acquire(), lock.release(), jobs.qsize())
        attempt(secret._callmethod, "__repr__")
        attempt(manager.torn().tell)
        print(secret.tell())  # from now on, somebody's code has run for this connection


if __name__ == "__main__":
    play(serve, use)
