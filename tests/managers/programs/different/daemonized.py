"""Whether a manager ends with the process that started it, although a child of that goes on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.watching import is_gone, until

PATIENCE_S = 10.0
"""After which a server that is still there is taken for one that stays."""


def main() -> None:
    multiprocessing.set_start_method(sys.argv[1])
    manager: Any = SyncManager()
    manager.start()
    manager.list()  # which the server answers once it serves
    parent, server = os.getpid(), manager._process.pid
    if os.fork():
        os._exit(0)  # as who makes a daemon of itself does
    assert until(lambda: os.getppid() != parent, 30)
    print(until(lambda: is_gone(server), PATIENCE_S), flush=True)
    if not is_gone(server):
        os.kill(server, signal.SIGKILL)
    os._exit(0)  # the manager is none of this process's


if __name__ == "__main__":
    main()
