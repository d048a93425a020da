"""A server is killed and starts again at its address: the same thread connects again."""

from __future__ import annotations

import multiprocessing
import queue
from multiprocessing.managers import BaseManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, play_better
from tests.managers.programs.watching import until

jobs: queue.Queue[int] = queue.Queue()


class Jobs(BaseManager):
    pass


def get_jobs() -> queue.Queue[int]:
    return jobs


Jobs.register("jobs", get_jobs)


def serve(address: Any, said: Any) -> None:
    server = Jobs(address, KEY).get_server()
    said.send(server.address)
    server.serve_forever()


def start(address: Any) -> tuple[Any, multiprocessing.Process]:
    heard, said = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=serve, args=(address, said))
    process.start()
    return heard.recv(), process


def main(patience_s: float) -> bool:
    address, process = start(LOOPBACK)
    before: Any = Jobs(address, KEY)
    before.connect()
    kept = before.jobs()
    kept.put(1)
    process.kill()
    process.join()
    start(address)
    after: Any = Jobs(address, KEY)
    assert until(lambda: connects(after), 30)
    try:
        after.jobs().put(2)
        return bool(after.jobs().get() == 2)
    except (OSError, EOFError):
        return False


def connects(manager: Any) -> bool:
    try:
        manager.connect()
    except (OSError, EOFError):
        return False
    return True


if __name__ == "__main__":
    play_better(main)
