"""Three hundred connect and say nothing: that costs no threads, and the next client is served."""

from __future__ import annotations

import socket
import threading
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, play_better
from tests.managers.programs.watching import number_of_threads

PEERS = 300

SOME = 20
"""Threads: a server may have a pool of workers."""


def main(patience_s: float) -> bool:
    manager: Any = SyncManager(LOOPBACK, KEY)
    manager.start()
    assert manager.list([1])[0] == 1
    server = manager._process.pid
    threads = number_of_threads(server)
    peers = []
    for _ in range(PEERS):
        peers.append(socket.create_connection(manager.address))
        if number_of_threads(server) > threads + SOME:
            return False
    served = threading.Event()
    threading.Thread(target=be_served, args=(manager.address, served), daemon=True).start()
    return served.wait(patience_s) and number_of_threads(server) <= threads + SOME


def be_served(address: Any, served: threading.Event) -> None:
    manager = SyncManager(address, KEY)
    manager.connect()
    manager.list([1]).append(2)
    served.set()


if __name__ == "__main__":
    play_better(main)
