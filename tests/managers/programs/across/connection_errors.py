"""What a client sees that has the wrong address, the wrong key, or comes too early."""

from __future__ import annotations

import errno
import socket
from multiprocessing import AuthenticationError
from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


class Manager(BaseManager):
    pass


def serve() -> BaseManager:
    Manager.register("shared", callable=list)
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    Manager.register("shared")
    with socket.socket() as unused:
        unused.bind(LOOPBACK)
        try:
            Manager(unused.getsockname(), KEY).connect()
        except OSError as error:
            print(type(error).__name__, error.errno == errno.ECONNREFUSED)
    try:
        Manager(address, b"a wrong key").connect()
    except AuthenticationError as error:
        print(type(error).__name__)
    attempt(Manager("/no/such/socket", KEY).connect)
    early: Any = Manager(address, KEY)
    attempt(early.shared)
    print(hasattr(early, "shutdown"))
    early.connect()
    early.shared()
    attempt(early.start)
    attempt(early.get_server)
    print(hasattr(early, "shutdown"))
    attempt(Manager, address, KEY, "json")
    attempt(Manager(None, KEY).connect)


if __name__ == "__main__":
    play(serve, use)
