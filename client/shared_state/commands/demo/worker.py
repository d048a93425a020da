"""A worker: takes files from a queue, counts their words, and adds them to shared counts.

This is how a program of yours may look. It is told nothing but its number: `connect` finds the
address and the key in the environment. Any number of workers may run, on any number of machines.
"""

from __future__ import annotations

import sys
from typing import TypedDict

import shared_state

from .counting import Tally, count_files

__all__ = ["OPERATIONS_PER_JOB", "Entry", "work"]

OPERATIONS_PER_JOB = len("get acquire update release append task_done".split())
"""What a job takes beside reading each of its words."""


class Entry(TypedDict):
    """One line of the shared log."""

    worker: int
    files: int
    problems: list[str]
    operations: int
    transport: str


def work(state: shared_state.Client, number: int) -> None:
    """Do one job after the other until the queue is shut down and empty."""
    jobs = state.queue("jobs")
    log = state.list("log")
    while True:
        try:
            paths = jobs.get()
        except shared_state.ShutDown:
            return
        tally = count_files(paths)
        merge(state, tally)
        log.append(entry(number, paths, tally, state.transport))
        jobs.task_done()


def merge(state: shared_state.Client, tally: Tally) -> None:
    """Add a tally to the shared counts.

    Adding is reading, then writing, so a lock keeps the other workers out between the two.
    Thousands of reads are one round trip in a batch; thousands of writes are one request.
    """
    counts = state.dict("counts")
    with state.lock("merging"):
        with state.batch() as batch:
            for word in tally.words:
                counts.get(word, 0)
        before = dict(zip(tally.words, batch.results, strict=True))
        counts.update({word: before[word] + times for word, times in tally.words.items()})


def entry(number: int, paths: list[str], tally: Tally, transport: str) -> Entry:
    """Describe a finished job for the log."""
    return {
        "worker": number,
        "files": len(paths),
        "problems": tally.problems,
        "operations": len(tally.words) + OPERATIONS_PER_JOB,
        "transport": transport,
    }


if __name__ == "__main__":
    try:
        with shared_state.connect() as state:
            work(state, int(sys.argv[1]))
    except ConnectionError:
        sys.exit(1)  # the demo says that the server has ended, and nobody else
