"""Eight processes at one queue and at one lock: nothing lost, nothing double, nobody together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection

import shared_state

from ..fixtures.children import Child, Children
from ..fixtures.servers import ProcessServer
from ..fixtures.watching import LONG_S

PROCESSES = 8
ITEMS = 200
"""Of each producer."""

TURNS = 50
"""Of each process that wants the lock."""


def produce(state: shared_state.Client, parent: Connection, number: int) -> None:
    """Put items that no other process puts, in every way there is."""
    jobs = state.queue("jobs")
    parent.send("ready")
    parent.recv()
    items = [(number, count) for count in range(ITEMS)]
    while items:
        jobs.put(items.pop())
        jobs.put_many([items.pop(), items.pop()])
        jobs.put(items.pop(), timeout=LONG_S)


def consume(state: shared_state.Client, parent: Connection, number: int) -> None:
    """Get items, in every way there is, until there will be no more."""
    jobs = state.queue("jobs")
    parent.send("ready")
    parent.recv()
    got = []
    try:
        while True:
            got.append(jobs.get())
            got += jobs.get_many(3)
    except shared_state.ShutDown:
        parent.send(got)


def count_up(state: shared_state.Client, parent: Connection, number: int) -> None:
    """Read, wait a moment, and write one more: wrong unless nobody else is at it."""
    config, leader = state.dict("config"), state.lock("leader")
    parent.send("ready")
    parent.recv()
    for _ in range(TURNS):
        with leader:
            count = config["count"]
            time.sleep(0)
            config["count"] = count + 1
    parent.send("done")


def start(
    children: Children, server: ProcessServer, roles: list[Callable[..., None]]
) -> list[Child]:
    """Start a process for each role, and have them begin together."""
    started = [children(role, server, number) for number, role in enumerate(roles)]
    for child in started:
        assert child.hear() == "ready"
    for child in started:
        child.tell("go")
    return started


def test_what_four_put_is_what_four_got(process_server: ProcessServer, children: Children) -> None:
    with process_server.connect() as client:
        jobs = client.queue("jobs", maxsize=10)
        roles = [produce] * (PROCESSES // 2) + [consume] * (PROCESSES // 2)
        started = start(children, process_server, roles)
        for producer in started[: PROCESSES // 2]:
            producer.end()
        jobs.shutdown()
        got: Counter[tuple[int, int]] = Counter()
        for consumer in started[PROCESSES // 2 :]:
            got.update(consumer.hear())
    everything = {(number, count) for number in range(PROCESSES // 2) for count in range(ITEMS)}
    assert set(got) == everything
    assert set(got.values()) == {1}


def test_under_the_lock_eight_processes_lose_no_count(
    process_server: ProcessServer, children: Children
) -> None:
    with process_server.connect() as client:
        config = client.dict("config")
        config["count"] = 0
        for child in start(children, process_server, [count_up] * PROCESSES):
            assert child.hear() == "done"
        assert config["count"] == PROCESSES * TURNS
        assert client.lock("leader").locked() is False
