"""Two queues that a master shares by name, and workers that know nothing but the names."""

from __future__ import annotations

import queue
from multiprocessing.managers import BaseManager
from threading import Thread
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, attempt, play


class QueueManager(BaseManager):
    pass


tasks: queue.Queue[int] = queue.Queue()
results: queue.Queue[tuple[int, int]] = queue.Queue(5)


def serve() -> BaseManager:
    QueueManager.register("get_task_queue", callable=lambda: tasks)
    QueueManager.register("get_result_queue", callable=lambda: results)
    return QueueManager(address=LOOPBACK, authkey=KEY)


def work(address: Address) -> None:
    manager: Any = QueueManager(address=address, authkey=KEY)
    manager.connect()
    mine, theirs = manager.get_task_queue(), manager.get_result_queue()
    while (task := mine.get(timeout=10)) >= 0:
        theirs.put((task, task * task))


def use(address: Address) -> None:
    QueueManager.register("get_task_queue")
    QueueManager.register("get_result_queue")
    manager: Any = QueueManager(address=address, authkey=KEY)
    manager.connect()
    task, result = manager.get_task_queue(), manager.get_result_queue()
    workers = [Thread(target=work, args=(address,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for number in range(20):
        task.put(number)
    print(sorted(result.get(timeout=10) for _ in range(20)))
    for _ in workers:
        task.put(-1)
    for worker in workers:
        worker.join()
    print(task.empty(), task.qsize(), result.full())
    attempt(result.get_nowait)
    attempt(result.get, False)
    attempt(result.get, True, 0.01)
    attempt(result.get, timeout=0.01)
    for number in range(5):
        result.put_nowait((number, 0))
    attempt(result.put_nowait, (5, 0))
    attempt(result.put, (5, 0), timeout=0.01)
    print(result.full(), result.qsize(), result.get(), manager.get_result_queue().qsize())


if __name__ == "__main__":
    play(serve, use)
