"""A process is killed that waits for a lock: it is never granted to it."""

from __future__ import annotations

import multiprocessing
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_better
from tests.managers.programs.watching import wait_until_asleep


def wait(lock: Any, said: Any) -> None:
    assert not lock.acquire(False)
    said.send("waiting")
    lock.acquire()


def main(patience_s: float) -> bool:
    manager: Any = SyncManager()
    manager.start()
    lock = manager.Lock()
    lock.acquire()
    heard, said = multiprocessing.Pipe(duplex=False)
    waiter = multiprocessing.Process(target=wait, args=(lock, said))
    waiter.start()
    heard.recv()
    wait_until_asleep(waiter.pid or 0, manager._process.pid)
    waiter.kill()
    waiter.join()
    lock.release()
    wait_until_asleep(manager._process.pid)  # the dead one had its chance
    return bool(lock.acquire(True, patience_s))


if __name__ == "__main__":
    play_better(main)
