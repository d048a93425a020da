"""Proxies handed to the workers of an executor and of a pool, and events that stop them."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_alone


def append(items: Any, lock: Any, number: int) -> int:
    with lock:
        items.append(number)
        return len(items) > 0 and number


def wait_for(stop: Any, number: int) -> int:
    stop.wait(30)
    return number


def main() -> None:
    manager = SyncManager()
    manager.start()
    items, lock, stop = manager.list(), manager.Lock(), manager.Event()
    with ProcessPoolExecutor(2) as executor:
        futures = [executor.submit(append, items, lock, number) for number in range(8)]
        print([future.result() for future in futures], sorted(items))
        waiting = [executor.submit(wait_for, stop, number) for number in range(2)]
        stop.set()
        print([future.result() for future in waiting])
    with multiprocessing.Pool(2) as pool:
        print(pool.starmap(append, [(items, lock, number) for number in range(8, 12)]))
    print(len(items), sorted(items[:]))
    manager.shutdown()
    manager.join()


if __name__ == "__main__":
    play_alone(main)
