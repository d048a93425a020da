"""A worker: `worker LABEL` does jobs until the queue is shut down.

For each job it changes three objects that the test host audits: it appends to a list, sets a key,
and adds one to a total that all share. The total is read and then written, in two requests, which
loses updates unless the lock really keeps the others out; when the worker came in and when it went
out is noted beside it. All hosts here are containers on one kernel, so that one monotonic clock
serves them all.
"""

from __future__ import annotations

import sys
import time

import shared_state
from tests.multihost.producer import JOBS, Job

READY, DONE, RESULTS, TOTALS, VISITS = "ready", "done", "results", "totals", "visits"
MUTEX = "mutex"

Visit = tuple[str, int, int]
"""Who was inside, and from when to when, in nanoseconds."""


def count_one(client: shared_state.Client, who: str) -> Visit:
    """Add one to the shared total by an unprotected read and write, under the lock."""
    totals = client.dict(TOTALS)
    with client.lock(MUTEX):
        entered = time.monotonic_ns()
        totals["jobs"] += 1
        left = time.monotonic_ns()
    return (who, entered, left)


def do(client: shared_state.Client, who: str, job: Job) -> None:
    client.list(DONE).append(job)
    client.dict(RESULTS)[job] = who
    client.list(VISITS).append(count_one(client, who))


def work(client: shared_state.Client, who: str) -> None:
    """Take jobs until there will be no more."""
    jobs = client.queue(JOBS)
    client.queue(READY).put(who)
    while True:
        try:
            job = jobs.get()
        except shared_state.ShutDown:
            return
        do(client, who, job)
        jobs.task_done()


if __name__ == "__main__":
    with shared_state.connect() as client:
        work(client, sys.argv[1])
