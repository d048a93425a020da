"""Workers: threads that run the code of users.

A connection that calls such code has a worker of its own from the first call to its end, as it had
a thread in the standard library: locks that know their owner by its thread work. One that never
does costs none. A worker whose connection has ended waits a while for another one; one that is
stuck in somebody's code does so once it returns.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

__all__ = ["Worker", "Workers"]

MAX_IDLE = 8
"""Idle threads that are kept: starting one costs some 0.1 ms, keeping one a stack."""

log = logging.getLogger(__name__)

Job = Callable[[], None]


class Worker:
    """One thread, which runs what it is given in order."""

    def __init__(self, pool: Workers) -> None:
        self._pool = pool
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.run = self._jobs.put
        self.thread = threading.Thread(target=self._work, name="stdlib-worker", daemon=True)
        self.thread.start()

    def release(self) -> None:
        """Go back to the pool once everything is done."""
        self._jobs.put(None)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                if not self._pool.take_back(self):
                    return
                continue
            try:
                job()
            except BaseException:  # a method may call `sys.exit`; the thread has more to do
                log.exception("a defect in a worker")
            del job


class Workers:
    """The workers of one server."""

    def __init__(self) -> None:
        self._idle: list[Worker] = []
        self._mutex = threading.Lock()

    def take(self) -> Worker:
        """Return a worker for one connection."""
        with self._mutex:
            if self._idle:
                return self._idle.pop()
        return Worker(self)

    def take_back(self, worker: Worker) -> bool:
        """Keep a worker that has nothing to do; return whether there is room for it."""
        with self._mutex:
            if len(self._idle) < MAX_IDLE:
                self._idle.append(worker)
                return True
            return False
