"""What leaves nothing behind: the server's memory is that of who is there, not of who ever was."""

from __future__ import annotations

import queue
import threading

import pytest

import shared_state
from shared_state_server.lane import Lane
from shared_state_server.service import Service

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import until

MANY = 50


def lanes(service: Service) -> list[Lane]:
    """Return the lanes of all sessions."""
    return [lane for session in service.sessions.values() for lane in session.lanes.values()]


def test_threads_that_ended_are_forgotten(
    server: ThreadServer, client: shared_state.Client
) -> None:
    for _ in range(MANY):
        thread = threading.Thread(target=client.ping)
        thread.start()
        thread.join()
    until(lambda: len(server.look(lanes)) <= 2)  # this thread's, and that of the last


def test_clients_that_closed_are_forgotten(server: ThreadServer) -> None:
    for _ in range(MANY):
        with server.connect() as client:
            client.lock("leader").acquire()
    until(lambda: not server.look(lambda service: service.sessions))


def test_waits_that_ended_are_forgotten(server: ThreadServer, either: Either) -> None:
    jobs = either.queue("jobs")
    for _ in range(MANY):
        with pytest.raises(queue.Empty):
            jobs.get(timeout=0.0001)
    assert not any(lane.waiters for lane in server.look(lanes))
    assert server.look(lambda service: service.deadlines.next()) is None


def test_replies_that_arrived_are_forgotten(server: ThreadServer, either: Either) -> None:
    jobs = either.queue("jobs")
    for item in range(MANY):
        jobs.put(item)
        jobs.get()
    assert sum(len(lane.replies) for lane in server.look(lanes)) <= 2
