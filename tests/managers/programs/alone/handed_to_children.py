"""Locks that go from process to process: taken here, given back by a child, and the other way."""

from __future__ import annotations

from multiprocessing import Process
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_alone


def release(lock: Any) -> None:
    lock.release()


def take_turns(lock: Any, log: Any, name: str) -> None:
    for _ in range(20):
        with lock:
            log.append((name, "in"))
            log.append((name, "out"))


def in_a_child(function: Any, *args: Any) -> None:
    process = Process(target=function, args=args)
    process.start()
    process.join()
    print(process.exitcode)


def main() -> None:
    with SyncManager() as manager:
        lock, log = manager.Lock(), manager.list()
        lock.acquire()
        in_a_child(release, lock)
        print(lock.acquire(False))
        lock.release()
        processes = [Process(target=take_turns, args=(lock, log, name)) for name in "abc"]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        entries = log[:]
        pairs = list(zip(entries[::2], entries[1::2], strict=True))
        print(len(pairs), all(first[0] == second[0] for first, second in pairs))
        print(lock.acquire(False))


if __name__ == "__main__":
    play_alone(main)
