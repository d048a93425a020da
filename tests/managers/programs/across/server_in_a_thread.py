"""A server that a program runs in a thread of its own, and stops by its event."""

from __future__ import annotations

import queue
import threading
from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


class Manager(BaseManager):
    pass


def serve() -> BaseManager:
    Manager.register("ping", callable=lambda: "pong")
    return Manager(LOOPBACK, KEY)


class Own(BaseManager):
    pass


def use(address: Address) -> None:
    Manager.register("ping")
    remote: Any = Manager(address, KEY)
    remote.connect()
    print(remote.ping()._getvalue())
    local: queue.Queue[Any] = queue.Queue()
    Own.register("line", callable=lambda: local)
    server: Any = Own(("localhost", 0), KEY).get_server()
    print(type(server).__name__, server.address[0], server.address[1] > 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    mine: Any = Own(server.address, KEY)
    mine.connect()
    mine.line().put({"from": "the client"})
    print(local.get(timeout=10))
    local.put("from the server's side")
    print(mine.line().get(timeout=10), local.empty())
    waiting = threading.Timer(0.05, local.put, ("later",))
    waiting.start()
    print(mine.line().get(timeout=10))
    server.stop_event.set()
    thread.join(10)
    print(thread.is_alive())


if __name__ == "__main__":
    play(serve, use)
