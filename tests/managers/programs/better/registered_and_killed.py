"""The same for a queue and a lock of the program's own, which it has registered."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from multiprocessing.managers import AcquirerProxy, BaseManager
from typing import Any

from tests.managers.programs.stage import play_better
from tests.managers.programs.watching import wait_until_asleep

jobs: queue.Queue[str] = queue.Queue()
lock = threading.Lock()


def get_jobs() -> queue.Queue[str]:
    return jobs


def get_lock() -> Any:
    return lock


class Manager(BaseManager):
    pass


Manager.register("jobs", get_jobs)
Manager.register("lock", get_lock, AcquirerProxy)


def consume(jobs: Any, lock: Any, said: Any) -> None:
    lock.acquire()
    assert jobs.empty()
    said.send("waiting")
    jobs.get()
    signal.pause()


def main(patience_s: float) -> bool:
    manager: Any = Manager()
    manager.start()
    jobs, lock = manager.jobs(), manager.lock()
    heard, said = multiprocessing.Pipe(duplex=False)
    consumer = multiprocessing.Process(target=consume, args=(jobs, lock, said))
    consumer.start()
    heard.recv()
    wait_until_asleep(consumer.pid or 0, manager._process.pid)
    consumer.kill()
    consumer.join()
    jobs.put("an item")
    wait_until_asleep(manager._process.pid)  # the dead one had its chance
    try:
        return bool(jobs.get(timeout=patience_s) == "an item" and lock.acquire(True, 1.0))
    except queue.Empty:
        return False


if __name__ == "__main__":
    play_better(main)
