"""Locks, semaphores, conditions, events and barriers, among threads that each have a connection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


def serve() -> BaseManager:
    return SyncManager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = SyncManager(address, KEY)
    manager.connect()
    with ThreadPoolExecutor(4) as pool:
        take_locks(manager, pool)
        count_down(manager)
        tell_each_other(manager, pool)
        meet(manager, pool)


def take_locks(manager: Any, pool: ThreadPoolExecutor) -> None:
    lock, rlock = manager.Lock(), manager.RLock()
    with lock as entered:
        print(entered, lock.acquire(False), pool.submit(lock.acquire, True, 0.01).result())
    print(lock.acquire(), lock.release(), lock.acquire(timeout=1), lock.release())
    attempt(lock.release)
    with rlock, rlock:
        print(rlock.acquire(False), pool.submit(rlock.acquire, False).result())
        rlock.release()
    attempt(rlock.release)
    print(pool.submit(rlock.acquire, False).result())


def count_down(manager: Any) -> None:
    semaphore, bounded = manager.Semaphore(2), manager.BoundedSemaphore(1)
    print([semaphore.acquire(False) for _ in range(3)], semaphore.release())
    print(bounded.acquire(), bounded.acquire(False), bounded.release())
    attempt(bounded.release)


def tell_each_other(manager: Any, pool: ThreadPoolExecutor) -> None:
    condition, event, state = manager.Condition(), manager.Event(), manager.dict(ready=False)

    def wait() -> Any:
        with condition:
            return condition.wait_for(lambda: state["ready"], timeout=10)

    waiting = pool.submit(wait)
    with condition:
        state["ready"] = True
        condition.notify_all()
    print(waiting.result(10))
    with condition:
        print(condition.wait(0.01))
    attempt(condition.notify)
    attempt(condition.wait, 0.01)
    print(event.is_set(), event.wait(0.01), event.set(), event.wait(), event.is_set())
    event.clear()
    later = pool.submit(event.wait, 10)
    event.set()
    print(later.result(10))


def meet(manager: Any, pool: ThreadPoolExecutor) -> None:
    barrier = manager.Barrier(3)
    print(barrier.parties, barrier.n_waiting, barrier.broken)
    print(sorted(place.result(10) for place in [pool.submit(barrier.wait, 10) for _ in range(3)]))
    barrier.abort()
    print(barrier.broken)
    attempt(barrier.wait)
    barrier.reset()
    print(barrier.broken)
    attempt(barrier.wait, 0.01)
    attempt(manager.Barrier(1, print).wait)


if __name__ == "__main__":
    play(serve, use)
