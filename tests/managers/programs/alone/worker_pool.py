"""Workers in processes of their own, a queue of jobs that is joined, results in a dict."""

from __future__ import annotations

from multiprocessing import Manager, Process
from typing import Any

from tests.managers.programs.stage import play_alone


def work(jobs: Any, results: Any, lock: Any, counts: Any) -> None:
    while True:
        job = jobs.get()
        try:
            if job is None:
                return
            results[job] = job * job
            with lock:
                counts.done += 1
        finally:
            jobs.task_done()


def main() -> None:
    with Manager() as manager:
        jobs, results = manager.JoinableQueue(), manager.dict()
        lock, counts = manager.Lock(), manager.Namespace()
        counts.done = 0
        processes = [Process(target=work, args=(jobs, results, lock, counts)) for _ in range(3)]
        for process in processes:
            process.start()
        for number in range(30):
            jobs.put(number)
        for _ in processes:
            jobs.put(None)
        jobs.join()
        for process in processes:
            process.join()
        print(sorted(results.items()))
        print(counts.done, [process.exitcode for process in processes], jobs.empty())


if __name__ == "__main__":
    play_alone(main)
