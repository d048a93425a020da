"""A client looks for a reply before it sleeps, while that pays."""

from __future__ import annotations

import itertools
import socket
from typing import Any

import pytest

from shared_state.busy_poll import BusyPoll, readable
from tests.fixtures.servers import ThreadServer

AN_HOUR_S = 3600.0


class Poll:
    """There is nothing to read at the first `late` looks."""

    def __init__(self, late: float) -> None:
        self.late = late
        self.looks = 0

    def poll(self, timeout: int) -> list[tuple[int, int]]:
        assert timeout == 0
        self.looks += 1
        return [(1, 1)] if self.looks > self.late else []


def looks(busy_poll: BusyPoll, late: float) -> int:
    """Return how often is looked for a reply before sleeping."""
    poll = Poll(late)
    busy_poll.wait(poll)  # type: ignore[arg-type]  # as much of a poll as is used
    return poll.looks


def test_a_reply_is_looked_for_until_it_is_there() -> None:
    busy_poll = BusyPoll(AN_HOUR_S)
    assert [looks(busy_poll, late) for late in (0, 5, 2)] == [1, 6, 3]


def test_at_the_end_of_the_window_the_client_sleeps_and_then_looks_more_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    milliseconds = (each / 1000 for each in itertools.count())
    monkeypatch.setattr("shared_state.busy_poll.perf_counter", milliseconds.__next__)
    busy_poll = BusyPoll(0.0035)
    found = [looks(busy_poll, late=float("inf")) for _ in range(7)]
    assert found == [4, 4, 0, 0, 0, 4, 0]


def test_without_a_window_the_client_sleeps() -> None:
    assert looks(BusyPoll(0.0), late=0) == 0


def test_a_connection_is_readable_when_there_is_something_and_at_its_end() -> None:
    here, there = socket.socketpair()
    with here, there:
        poll = readable(here.fileno())
        assert not poll.poll(0)
        there.send(b"x")
        assert poll.poll(0)
        here.recv(1)
        assert not poll.poll(0)
        there.close()
        assert poll.poll(0)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Who looked for replies."""
    found: list[Any] = []
    original = BusyPoll.wait

    def wait(self: BusyPoll, poll: Any) -> None:
        counted = Poll(late=2)
        original(self, counted)  # type: ignore[arg-type]  # as above
        found.append((self, counted.looks))

    monkeypatch.setattr(BusyPoll, "wait", wait)
    return found


@pytest.mark.parametrize(("window", "looks"), [(0.0, 0), (AN_HOUR_S, 3)])
def test_calls_look_for_as_long_as_connect_was_told(
    server: ThreadServer, waits: list[Any], window: float, looks: int
) -> None:
    with server.connect(busy_poll=window) as client:
        queue = client.queue("queue")
        waits.clear()
        queue.put("a")
        assert queue.get() == "a"
        assert [found for _, found in waits] == [looks, looks]


def test_what_waits_in_vain_takes_nothing_from_what_need_not_wait(
    server: ThreadServer, waits: list[Any]
) -> None:
    with server.connect() as client:
        numbers, event = client.dict("numbers"), client.event("event")
        waits.clear()
        numbers["a"] = 1
        assert not event.wait(0.0)
        assert numbers["a"] == 1
    (stored, _), (waited, _), (fetched, _) = waits[:3]
    assert stored is fetched is not waited
