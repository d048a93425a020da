"""A wait that a client of the standard library interrupts is over: it asks for nothing again."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing import managers as standard
from typing import Any

import pytest

from shared_state import managers as ours

PATIENCE_S = 30


@pytest.fixture
def manager() -> Iterator[Any]:
    """A manager of the standard library that has connected to one of ours."""
    with ours.SyncManager() as server:
        made: Any = standard.SyncManager(server.address)
        made.connect()
        yield made


def interrupted(barrier: Any) -> None:
    """Begin a wait, and do not read its reply: the next call comes instead, as after Ctrl-C."""
    assert barrier.n_waiting == 0
    barrier._tls.connection.send((barrier._id, "wait", (), {}))


def test_the_next_call_gets_its_own_answer(manager: Any) -> None:
    barrier = manager.Barrier(2)
    interrupted(barrier)
    assert (barrier.n_waiting, barrier.parties) == (0, 2)


def interrupt_and_end(barrier: Any, lock: Any) -> None:
    interrupted(barrier)
    assert lock.acquire()


def test_a_barrier_does_not_break_at_the_end_of_who_had_interrupted_its_wait(manager: Any) -> None:
    barrier, lock = manager.Barrier(2), manager.Lock()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=interrupt_and_end, args=(barrier, lock))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert lock.acquire(True, PATIENCE_S), "free once the session is over"
    assert barrier.broken is False
