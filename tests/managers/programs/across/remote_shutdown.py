"""A client that ends the server of somebody else, and what it sees then."""

from __future__ import annotations

from multiprocessing import managers
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play

library: Any = managers


def serve() -> BaseManager:
    return SyncManager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = SyncManager(address, KEY)
    manager.connect()
    shared = manager.list([1])
    connection = manager._Client(address, authkey=KEY)
    print(library.dispatch(connection, None, "shutdown"))
    connection.close()
    try:
        while True:
            SyncManager(address, KEY).connect()
    except (ConnectionError, EOFError):
        print("gone")
    try:
        shared.append(2)
    except (ConnectionError, EOFError):
        print("gone for proxies too")


if __name__ == "__main__":
    play(serve, use)
