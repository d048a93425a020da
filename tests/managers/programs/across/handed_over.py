"""Locks that one thread takes and another gives back, after the first has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


def serve() -> BaseManager:
    return SyncManager(LOOPBACK, KEY)


def in_a_thread(function: Callable[[], Any]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def use(address: Address) -> None:
    manager: Any = SyncManager(address, KEY)
    manager.connect()
    lock, semaphore = manager.Lock(), manager.Semaphore(2)
    in_a_thread(lock.acquire)
    print(lock.acquire(False))
    lock.release()
    print(lock.acquire(False))
    in_a_thread(lock.release)
    print(lock.acquire(False))
    in_a_thread(semaphore.acquire)
    in_a_thread(semaphore.acquire)
    print(semaphore.acquire(False), semaphore.release(), semaphore.acquire(False))
    event, condition = manager.Event(), manager.Condition()
    in_a_thread(event.set)
    print(event.is_set())
    in_a_thread(condition.acquire)
    print(condition.acquire(False))
    attempt(condition.release)


if __name__ == "__main__":
    play(serve, use)
