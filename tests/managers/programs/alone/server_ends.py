"""A server that ends: who waits hears of it, and so does who calls later."""

from __future__ import annotations

from multiprocessing import Pipe, Process
from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import attempt, play_alone
from tests.managers.programs.watching import wait_until_asleep


def wait(jobs: Any, said: Any) -> None:
    jobs.qsize()
    said.send("ready")
    attempt(jobs.get)


def come_later(jobs: Any, said: Any, heard: Any) -> None:
    jobs.qsize()
    said.send("ready")
    heard.recv()
    attempt(jobs.qsize)
    attempt(jobs.qsize)


def main() -> None:
    mine, theirs = Pipe()
    tell, told = Pipe()
    with SyncManager() as manager:
        jobs = manager.Queue()
        waiter = Process(target=wait, args=(jobs, theirs))
        waiter.start()
        mine.recv()
        late = Process(target=come_later, args=(jobs, theirs, told))
        late.start()
        mine.recv()
        assert waiter.pid is not None
        wait_until_asleep(waiter.pid)
    waiter.join()
    tell.send("it has ended")
    late.join()


if __name__ == "__main__":
    play_alone(main)
