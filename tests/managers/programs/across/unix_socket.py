"""A server at the path of a Unix socket."""

from __future__ import annotations

import os
import tempfile
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, Address, attempt, play


def serve() -> BaseManager:
    return SyncManager(os.path.join(tempfile.mkdtemp(), "socket"), KEY)


def use(address: Address) -> None:
    manager: Any = SyncManager(address, KEY)
    manager.connect()
    shared = manager.list([1])
    shared.append(2)
    print(shared, isinstance(address, str), manager.address == address)
    print(shared._token.address == address)
    attempt(SyncManager(address, b"a wrong key").connect)
    attempt(SyncManager(address + "x", KEY).connect)


if __name__ == "__main__":
    play(serve, use)
