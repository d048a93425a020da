"""A process is killed that holds a lock: the next who asks has it within a second."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_better

WITHIN_S = 1.0


def hold(lock: Any, said: Any) -> None:
    lock.acquire()
    said.send("mine")
    signal.pause()


def main(patience_s: float) -> bool:
    manager = SyncManager()
    manager.start()
    lock = manager.Lock()
    heard, said = multiprocessing.Pipe(duplex=False)
    holder = multiprocessing.Process(target=hold, args=(lock, said))
    holder.start()
    heard.recv()
    assert not lock.acquire(False)
    holder.kill()
    holder.join()
    return lock.acquire(True, WITHIN_S)


if __name__ == "__main__":
    play_better(main)
