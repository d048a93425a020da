"""A producer: `producer LABEL COUNT` makes numbered jobs and keeps books on them.

Every job goes into the queue once, into a list once and into a dict once, one request at a time
and many at a time by turns, so that the test host can compare all three with what was ordered.
"""

from __future__ import annotations

import sys

import shared_state

JOBS, ANNOUNCED, AUTHORS = "jobs", "announced", "authors"

CHUNK = 10
"""Jobs that travel together in `put_many`, `extend` and `update`."""

Job = tuple[str, int]


def jobs_of(author: str, count: int) -> list[Job]:
    return [(author, number) for number in range(count)]


def produce(client: shared_state.Client, author: str, count: int) -> None:
    """Put `count` jobs; they carry the author's name."""
    jobs = jobs_of(author, count)
    for start in range(0, count, 2 * CHUNK):
        put_together(client, jobs[start : start + CHUNK])
        put_singly(client, jobs[start + CHUNK : start + 2 * CHUNK])


def put_together(client: shared_state.Client, jobs: list[Job]) -> None:
    client.list(ANNOUNCED).extend(jobs)
    client.dict(AUTHORS).update({job: job[0] for job in jobs})
    client.queue(JOBS).put_many(jobs)


def put_singly(client: shared_state.Client, jobs: list[Job]) -> None:
    for job in jobs:
        client.list(ANNOUNCED).append(job)
        client.dict(AUTHORS)[job] = job[0]
        client.queue(JOBS).put(job)


if __name__ == "__main__":
    with shared_state.connect() as client:
        produce(client, sys.argv[1], int(sys.argv[2]))
