"""Counting together: this side hands out the jobs, and reads in the shared log how far they are.

One queue with jobs, one dict with counts, one list as log, one lock for merging. The queue is
filled and shut down before anybody works: a worker that finds it empty goes.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter

import shared_state
from shared_state_protocol.address import Address

from .interrupt import Note
from .processes import DemoFailed, Process, end, environment, server, worker
from .progress import Shown
from .summary import Count
from .worker import Entry

__all__ = ["count_together"]

KEY_BYTES = 32
REFRESH_S = 0.1
"""How often the log is read while nothing ends: as often as a person can see."""

PATIENCE_S = 5.0
"""How long the server may be silent. Workers have more: they are ended before they complain too."""

ALL = "all workers"


def count_together(jobs: list[list[str]], workers: int, progress: Shown, note: Note) -> Count:
    """Count the files of `jobs` with a server process and several worker processes.

    Raises:
        DemoFailed: the server did not start, or a worker ended before its time.
        Interrupted: somebody wants the demo to end.
    """
    key = secrets.token_hex(KEY_BYTES)
    environ = environment(key)
    with server(environ) as address, connect(address, key) as state:
        note.check()
        state.queue("jobs").put_many(jobs)
        state.queue("jobs").shutdown()
        crew: list[Process] = []
        started = time.monotonic()
        try:
            crew.extend(worker(number, environ, address) for number in range(1, workers + 1))
            count = follow(state, crew, progress, note)
        finally:
            end(crew)
        count.seconds = time.monotonic() - started
        count.tally.words = Counter(dict(state.dict("counts").items()))
        return count


def connect(address: Address, key: str) -> shared_state.Client:
    """Connect to the server of the demo."""
    return shared_state.connect(address, authkey=key.encode(), timeout=PATIENCE_S)


def follow(state: shared_state.Client, crew: list[Process], progress: Shown, note: Note) -> Count:
    """Read the log until every job is done, or nobody is left to do one."""
    count, jobs, log = Count(), state.queue("jobs"), state.list("log")
    read, is_done = 0, False
    while not is_done:
        is_done = jobs.join(timeout=REFRESH_S) or all_gone(crew)
        for entry in log[read:]:
            read += 1
            count.add(entry)
            show(entry, progress)
        note.check()
    return count


def show(entry: Entry, progress: Shown) -> None:
    """Let somebody see what a worker has done."""
    progress.advance(ALL, entry["files"])
    progress.advance(name_of(entry["worker"]), entry["files"])


def all_gone(crew: list[Process]) -> bool:
    """Tell whether every worker has ended, as they do when there is nothing left.

    Raises:
        DemoFailed: one ended with an error.
    """
    statuses = [process.poll() for process in crew]
    for number, status in enumerate(statuses, 1):
        if status:
            raise DemoFailed(f"{name_of(number)} ended with exit status {status}")
    return None not in statuses


def name_of(number: int) -> str:
    """Return what a person calls a worker."""
    return f"worker {number}"
