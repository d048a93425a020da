"""A child takes a permit of a semaphore and ends: prints how many can be taken then."""

from __future__ import annotations

from multiprocessing import Process
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_alone


def take(semaphore: Any) -> None:
    semaphore.acquire()


def main() -> None:
    with SyncManager() as manager:
        semaphore = manager.Semaphore(2)
        process = Process(target=take, args=(semaphore,))
        process.start()
        process.join()
        print([semaphore.acquire(True, 0.2) for _ in range(2)])


if __name__ == "__main__":
    play_alone(main)
