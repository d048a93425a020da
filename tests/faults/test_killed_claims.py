"""Workers that are killed, or stopped, with a claimed item in their hands."""

from __future__ import annotations

import os
import queue
import random
import secrets
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

import shared_state
from shared_state_server.settings import Settings

from ..fixtures.children import Children
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

each_transport = pytest.mark.parametrize("same_host", [True, False], ids=["unix", "tcp"])


NO_GRACE_S = 0.05
LONG_GRACE_S = 3600.0
"""Longer than any test: a process that dies while it waits is known at once."""


@pytest.fixture
def grace() -> float:
    return LONG_GRACE_S


@pytest.fixture
def settings(grace: float) -> Settings:
    return Settings(port=0, authkey=secrets.token_hex(32).encode(), session_grace=grace)


def work(state: shared_state.Client, parent: Connection) -> None:
    """Claim one item, tell of it, and finish it when told to."""
    claim = state.queue("jobs").claim()
    with claim as item:
        parent.send((claim.attempt, item))
        parent.recv()
    parent.send("acknowledged")


@each_transport
def test_the_item_of_a_killed_worker_goes_to_the_next_at_once(
    server: ThreadServer,
    client: shared_state.Client,
    children: Children,
    threads: ThreadPoolExecutor,
    same_host: bool,
) -> None:
    jobs = client.queue("jobs")
    jobs.put("first")
    worker = children(work, server, same_host=same_host)
    assert worker.hear() == (1, "first")
    assert [owner.pid for owner in client.objects()[0].owners] == [worker.pid]
    claim = jobs.claim(timeout=LONG_S)
    heir = threads.submit(claim.__enter__)
    with server.connect() as onlooker:
        until(lambda: waiting(onlooker, "jobs") == 1)
    worker.kill()
    assert heir.result() == "first"
    assert claim.attempt == 2


def test_the_item_of_a_killed_worker_is_the_next_again(
    server: ThreadServer, client: shared_state.Client, children: Children
) -> None:
    jobs = client.queue("jobs")
    jobs.put_many(["first", "second"])
    worker = children(work, server)
    assert worker.hear() == (1, "first")
    worker.kill()
    until(lambda: jobs.qsize() == 2)
    assert jobs.get_many(2) == ["first", "second"]


def test_an_item_that_kills_its_workers_goes_to_the_dead_letters(
    server: ThreadServer, client: shared_state.Client, children: Children
) -> None:
    jobs = client.queue("jobs", max_attempts=2, dead_letters="dead")
    jobs.put("poison")
    for attempt in (1, 2):
        worker = children(work, server)
        assert worker.hear() == (attempt, "poison")
        worker.kill()
    assert client.queue("dead").get(timeout=LONG_S) == "poison"
    assert jobs.join(timeout=LONG_S)


def test_a_slow_worker_is_no_dead_one(
    server: ThreadServer, client: shared_state.Client, children: Children
) -> None:
    jobs = client.queue("jobs")
    jobs.put("item")
    worker = children(work, server)
    assert worker.hear() == (1, "item")
    worker.stop()
    with pytest.raises(queue.Empty):
        jobs.get(timeout=0.05)
    os.kill(worker.pid, signal.SIGCONT)
    worker.tell("finish")
    assert worker.hear() == "acknowledged"
    assert jobs.join(timeout=LONG_S)


def keep_books(state: shared_state.Client, parent: Connection, path: str) -> None:
    """Write down what is claimed, at which attempt, and that it is finished, in one write each."""
    claim = state.queue("jobs").claim()
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    parent.send("ready")
    while True:
        with claim as item:
            os.write(file, b"claimed %d %d\n" % (item, claim.attempt))
        os.write(file, b"finished %d %d\n" % (item, claim.attempt))


@pytest.mark.parametrize("grace", [NO_GRACE_S])
def test_workers_that_are_killed_at_any_moment_lose_nothing(
    server: ThreadServer, client: shared_state.Client, children: Children, tmp_path: Path
) -> None:
    """Whoever tries an item again knows it, and nobody has an item that another has or finished.

    A process that is killed while a reply waits to be read seems to have lost its connection, so
    here the grace period is short.
    """
    rounds, size, path = 6, 300, tmp_path / "books"
    path.touch()
    jobs, chance = client.queue("jobs"), random.Random(11)
    workers = [children(keep_books, server, str(path)) for _ in range(2)]
    for start in range(0, rounds * size, size):
        jobs.put_many(list(range(start, start + size)))
        victim = workers.pop(chance.randrange(len(workers)))
        assert victim.hear() == "ready"
        few = chance.randrange(size)
        until(lambda few=few: jobs.qsize() <= few)  # type: ignore[misc]  # bound in the loop
        victim.kill()
        workers.append(children(keep_books, server, str(path)))
    assert jobs.join(timeout=LONG_S)
    until(lambda: waiting(client, "jobs") == len(workers))
    claimed, finished = read(path)
    assert {item for item, _ in claimed} == set(range(rounds * size))
    assert set(claimed.values()) == set(finished.values()) == {1}
    assert len({item for item, _ in finished}) == len(finished) >= rounds * size - rounds
    assert len(claimed) <= rounds * size + rounds


def read(path: Path) -> tuple[Counter[tuple[int, int]], Counter[tuple[int, int]]]:
    """Return how often each (item, attempt) was claimed and finished."""
    books: dict[str, Counter[tuple[int, int]]] = {"claimed": Counter(), "finished": Counter()}
    for line in path.read_text().splitlines():
        what, item, attempt = line.split()
        books[what][int(item), int(attempt)] += 1
    return books["claimed"], books["finished"]
