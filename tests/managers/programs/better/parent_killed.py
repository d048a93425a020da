"""The process is killed that started a manager: the manager's server ends too."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_better
from tests.managers.programs.watching import is_gone, until


def start(said: Any) -> None:
    manager: Any = SyncManager()
    manager.start()
    said.send(manager._process.pid)
    signal.pause()


def main(patience_s: float) -> bool:
    heard, said = multiprocessing.Pipe(duplex=False)
    parent = multiprocessing.Process(target=start, args=(said,))
    parent.start()
    server = heard.recv()
    parent.kill()
    parent.join()
    if until(lambda: is_gone(server), patience_s):
        return True
    os.kill(server, signal.SIGKILL)
    return False


if __name__ == "__main__":
    play_better(main)
