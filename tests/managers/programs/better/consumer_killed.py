"""A process is killed that waits in `get`: the next item is not lost with it."""

from __future__ import annotations

import multiprocessing
import queue
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_better
from tests.managers.programs.watching import wait_until_asleep


def consume(items: Any, said: Any) -> None:
    assert items.empty()
    said.send("waiting")
    items.get()


def main(patience_s: float) -> bool:
    manager: Any = SyncManager()
    manager.start()
    items = manager.Queue()
    heard, said = multiprocessing.Pipe(duplex=False)
    consumer = multiprocessing.Process(target=consume, args=(items, said))
    consumer.start()
    heard.recv()
    wait_until_asleep(consumer.pid or 0, manager._process.pid)
    consumer.kill()
    consumer.join()
    items.put("an item")
    wait_until_asleep(manager._process.pid)  # the dead one had its chance
    try:
        return bool(items.get(timeout=patience_s) == "an item")
    except queue.Empty:
        return False


if __name__ == "__main__":
    play_better(main)
