"""Clients that are killed: what they held, waited for, and had on its way to them.

A process that dies is known at once by its connection, or on a Unix socket by its number, so these
servers have a grace period longer than any test, except where nobody can tell death from a broken
connection.
"""

from __future__ import annotations

import os
import random
import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

import shared_state
from shared_state_server.settings import Settings

from ..fixtures.children import Children
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

NO_GRACE_S = 0.05
each_transport = pytest.mark.parametrize("same_host", [True, False], ids=["unix", "tcp"])


@pytest.fixture
def settings() -> Settings:
    return Settings(port=0, authkey=secrets.token_hex(32).encode(), session_grace=3600.0)


@pytest.fixture
def informed(settings: Settings, same_host: bool) -> Iterator[ThreadServer]:
    """A server that soon knows of a death: it is told on its host, elsewhere has no patience."""
    grace = settings.session_grace if same_host else NO_GRACE_S
    server = ThreadServer(replace(settings, session_grace=grace)).start()
    yield server
    server.stop()


def hold(state: shared_state.Client, parent: Connection) -> None:
    """Take the lock and keep it."""
    state.lock("leader").acquire()
    parent.send("held")
    parent.recv()


def acquire(state: shared_state.Client, parent: Connection) -> None:
    """Wait for the lock, and say that it came."""
    state.lock("leader").acquire()
    parent.send("acquired")


def get(state: shared_state.Client, parent: Connection) -> None:
    """Wait for an item, and say which one came."""
    parent.send(state.queue("jobs").get())


def put(state: shared_state.Client, parent: Connection) -> None:
    """Wait for room."""
    state.queue("jobs").put("of the dead")
    parent.send("put")


@each_transport
def test_the_lock_of_a_killed_holder_goes_to_the_next_at_once(
    server: ThreadServer,
    client: shared_state.Client,
    other: shared_state.Client,
    children: Children,
    threads: ThreadPoolExecutor,
    same_host: bool,
) -> None:
    child = children(hold, server, same_host=same_host)
    assert child.hear() == "held"
    leader = client.lock("leader")
    owner = leader.owner()
    assert owner is not None
    assert owner.pid == child.pid
    waiter = threads.submit(leader.acquire, True, LONG_S)
    until(lambda: waiting(other, "leader") == 1)
    child.kill()
    assert waiter.result() is True
    other.lock("leader").release()  # in the name of the dead
    assert leader.locked() is True
    leader.release()
    assert leader.locked() is False


@each_transport
def test_a_killed_waiter_is_never_granted_the_lock(
    server: ThreadServer,
    client: shared_state.Client,
    other: shared_state.Client,
    children: Children,
    threads: ThreadPoolExecutor,
    same_host: bool,
) -> None:
    client.lock("leader").acquire()
    child = children(acquire, server, same_host=same_host)
    until(lambda: waiting(client, "leader") == 1)
    living = threads.submit(other.lock("leader").acquire, True, LONG_S)
    until(lambda: waiting(client, "leader") == 2)
    child.kill()
    until(lambda: waiting(client, "leader") == 1)
    client.lock("leader").release()
    assert living.result() is True


@each_transport
def test_a_consumer_that_is_killed_while_it_waits_takes_nothing(
    server: ThreadServer, client: shared_state.Client, children: Children, same_host: bool
) -> None:
    jobs = client.queue("jobs")
    child = children(get, server, same_host=same_host)
    until(lambda: waiting(client, "jobs") == 1)
    child.kill()
    jobs.put("item")
    assert jobs.get(timeout=LONG_S) == "item"


def test_a_producer_that_is_killed_while_it_waits_adds_nothing(
    server: ThreadServer, client: shared_state.Client, children: Children
) -> None:
    jobs = client.queue("jobs", maxsize=1)
    jobs.put("item")
    child = children(put, server)
    until(lambda: waiting(client, "jobs") == 1)
    child.kill()
    until(lambda: waiting(client, "jobs") == 0)
    assert jobs.get() == "item"
    assert jobs.empty()


@each_transport
def test_an_item_that_was_sent_to_the_dead_returns_to_the_head(
    informed: ThreadServer, children: Children, same_host: bool
) -> None:
    with informed.connect() as client:
        jobs = client.queue("jobs")
        child = children(get, informed, same_host=same_host)
        until(lambda: waiting(client, "jobs") == 1)
        child.stop()
        jobs.put_many(["first", "second", "third"])
        assert jobs.qsize() == 2, "it was not sent to the one who waits"
        child.kill()
        until(lambda: jobs.qsize() == 3)
        assert jobs.get_many(3) == ["first", "second", "third"]


def get_twice(state: shared_state.Client, parent: Connection) -> None:
    """Say which items come, and wait for one more."""
    jobs = state.queue("jobs")
    parent.send(jobs.get())
    parent.send(jobs.get())
    jobs.get()


@each_transport
def test_what_was_got_is_not_handed_out_again_and_what_was_not_is(
    informed: ThreadServer, children: Children, same_host: bool
) -> None:
    """A consumer is killed that has said nothing since its last item but that it wants another."""
    with informed.connect() as client:
        jobs = client.queue("jobs")
        jobs.put_many(["first", "second"])
        child = children(get_twice, informed, same_host=same_host)
        assert [child.hear(), child.hear()] == ["first", "second"]
        until(lambda: waiting(client, "jobs") == 1)
        child.stop()
        jobs.put("third")
        assert jobs.empty(), "it was not sent to the one who waits"
        child.kill()
        until(lambda: jobs.qsize() == 1)
        assert jobs.get() == "third"


def get_and_say(state: shared_state.Client, parent: Connection) -> None:
    """Say which two items came, and do nothing more."""
    jobs = state.queue("jobs")
    parent.send((jobs.get(), jobs.get()))
    parent.recv()


@each_transport
def test_an_item_is_not_handed_out_again_when_its_consumer_is_killed_at_once(
    server: ThreadServer, client: shared_state.Client, children: Children, same_host: bool
) -> None:
    """Nothing was sent behind the second item, and over TCP the kernel may hold what was."""
    jobs = client.queue("jobs")
    jobs.put_many(["first", "second"])
    child = children(get_and_say, server, same_host=same_host)
    assert child.hear() == ("first", "second")
    child.kill()
    until(lambda: server.look(lambda service: len(service.sessions)) == 1)
    assert jobs.empty()


def record_items(state: shared_state.Client, parent: Connection, path: str) -> None:
    """Write each item that is got into a file, in one write."""
    jobs = state.queue("jobs")
    file = os.open(path, os.O_WRONLY | os.O_APPEND)
    parent.send("ready")
    while True:
        os.write(file, b"%d\n" % jobs.get())


@each_transport
def test_consumers_that_are_killed_at_any_moment_duplicate_nothing_and_drop_one_at_most(
    server: ThreadServer,
    client: shared_state.Client,
    children: Children,
    tmp_path: Path,
    same_host: bool,
) -> None:
    """What a process had in its hands when it was killed is gone with it, and nothing else is."""
    rounds, size, path = 6, 500, tmp_path / "got"
    path.touch()
    jobs = client.queue("jobs")
    consumers = [children(record_items, server, str(path), same_host=same_host) for _ in range(2)]
    chance = random.Random(9)
    for start in range(0, rounds * size, size):
        jobs.put_many(list(range(start, start + size)))
        victim = consumers.pop(chance.randrange(len(consumers)))
        assert victim.hear() == "ready"
        few = chance.randrange(size)
        until(lambda few=few: jobs.qsize() <= few)  # type: ignore[misc]  # bound in the loop
        victim.kill()
        consumers.append(children(record_items, server, str(path), same_host=same_host))
    for consumer in consumers:
        assert consumer.hear() == "ready"
    until(lambda: waiting(client, "jobs") == len(consumers))
    got = Counter(map(int, path.read_text().split()))
    assert set(got.values()) == {1}
    assert rounds * size - rounds <= len(got) <= rounds * size
