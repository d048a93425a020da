"""Threads of one client that end: what they leave behind, and what they do not."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

import shared_state

from ..fixtures.servers import ThreadServer


def in_a_thread(function: Callable[[], object]) -> int:
    """Call `function` in a thread that ends with it; return the thread's ident."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()
    assert thread.ident is not None
    return thread.ident


def lanes(server: ThreadServer) -> int:
    return server.look(
        lambda service: sum(len(session.lanes) for session in service.sessions.values())
    )


def test_threads_that_have_ended_leave_no_connections(
    server: ThreadServer, client: shared_state.Client
) -> None:
    jobs = client.queue("jobs")
    for number in range(20):
        in_a_thread(lambda number=number: jobs.put(number))  # type: ignore[misc]  # bound in the loop
    assert lanes(server) <= 2, "of this thread, and of the one that ended last"
    assert jobs.get_many(20) == list(range(20))


def test_what_an_ended_thread_held_stays_with_its_process(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    in_a_thread(lambda: client.lock("leader").acquire())
    in_a_thread(client.ping)  # which closes the connection of the first
    assert other.lock("leader").acquire(blocking=False) is False
    client.lock("leader").release()
    assert other.lock("leader").acquire(blocking=False) is True


def test_an_rlock_of_an_ended_thread_is_not_its_successors(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    """The system gives the ident of a thread that has ended to another."""
    mine = client.rlock("mine")
    before, taken = in_a_thread(mine.acquire), []
    successors = {
        in_a_thread(lambda: taken.append(mine.acquire(blocking=False))) for _ in range(20)
    }
    assert before in successors, "nothing was tested"
    assert not any(taken)
    with pytest.raises(RuntimeError):
        mine.release()
    client.close()
    assert other.rlock("mine").acquire(blocking=False) is True
