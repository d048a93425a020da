"""A client looks for a reply before it sleeps, while that pays."""

from __future__ import annotations

import signal
import socket
import threading
from typing import Any

import pytest

from shared_state.busy_poll import NAP_MS, BusyPoll, Readable
from tests.fixtures.servers import ThreadServer
from tests.fixtures.watching import until

AN_HOUR_S = 3600.0


class Poll:
    """There is nothing to read at the first `late` looks; `naps` are those that slept."""

    def __init__(self, late: float, nap_ms: int = 0) -> None:
        self.late = late
        self.nap_ms = nap_ms
        self.is_napping = False
        self.looks = 0
        self.naps: list[int] = []

    def poll(self, timeout: int) -> list[tuple[int, int]]:
        if timeout:
            assert timeout == self.nap_ms
            self.naps.append(timeout)
            return []
        self.looks += 1
        return [(1, 1)] if self.looks > self.late else []


class Clock:
    """A millisecond later at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


def looks(busy_poll: BusyPoll, late: float) -> int:
    """Return how often is looked for a reply before sleeping."""
    poll = Poll(late)
    busy_poll.wait(poll)  # type: ignore[arg-type]  # as much of one as is used
    return poll.looks


def test_a_reply_is_looked_for_until_it_is_there() -> None:
    busy_poll = BusyPoll(AN_HOUR_S)
    assert [looks(busy_poll, late) for late in (0, 5, 2)] == [1, 6, 3]


def test_at_the_end_of_the_window_the_client_sleeps_and_then_looks_more_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared_state.busy_poll.perf_counter", Clock())
    busy_poll = BusyPoll(0.0035)
    found = [looks(busy_poll, late=float("inf")) for _ in range(7)]
    assert found == [4, 4, 0, 0, 0, 4, 0]


@pytest.mark.parametrize(("late", "pays"), [(0, False), (1, True), (4, True), (6, False)])
def test_only_what_comes_soon_and_not_at_once_is_worth_the_look(
    late: int, pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest after the third failure is 16 ms, or half of that."""
    clock = Clock()
    monkeypatch.setattr("shared_state.busy_poll.perf_counter", clock)
    busy_poll = BusyPoll(0.0105)
    for _ in range(2):
        assert looks(busy_poll, late=float("inf")) == 11
        clock.now += 0.1
    assert looks(busy_poll, late) == late + 1
    assert looks(busy_poll, late=float("inf")) == 11
    clock.now += 0.010
    assert looks(busy_poll, late=0) == pays


def test_without_a_window_the_client_sleeps() -> None:
    assert looks(BusyPoll(0.0), late=0) == 0


@pytest.mark.parametrize(
    ("window", "late", "naps"),
    [
        (0.0, 0, [7]),
        (0.0, float("inf"), [7]),
        (1e-9, 0, []),
        (1e-9, float("inf"), [7]),
    ],
)
def test_the_client_naps_where_it_would_sleep_and_only_there(
    window: float, late: float, naps: list[int]
) -> None:
    poll = Poll(late, nap_ms=7)
    BusyPoll(window).wait(poll)  # type: ignore[arg-type]  # as above
    assert poll.naps == naps


def test_who_calls_from_a_signal_handler_in_the_middle_of_a_nap_does_not_look() -> None:
    """A poll object refuses to be asked by two at once."""
    here, there = socket.socketpair()
    readable = Readable(here)
    readable.nap_ms = 60_000
    woken: list[bool] = []

    def handler(number: int, frame: object) -> None:
        BusyPoll(AN_HOUR_S).wait(readable)
        woken.append(readable.is_napping)
        there.send(b"x")

    def interrupt() -> None:
        until(lambda: readable.is_napping)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, handler)
    interrupting = threading.Thread(target=interrupt)
    try:
        with here, there:
            interrupting.start()
            BusyPoll(0.0).wait(readable)
            assert readable.poll(0)
            interrupting.join()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert woken == [True]
    assert not readable.is_napping


def test_a_connection_is_readable_when_there_is_something_and_at_its_end() -> None:
    here, there = socket.socketpair()
    with here, there:
        readable = Readable(here)
        assert not readable.poll(0)
        there.send(b"x")
        assert readable.poll(0)
        here.recv(1)
        assert not readable.poll(0)
        there.close()
        assert readable.poll(0)


def test_only_a_unix_socket_is_slept_at_in_poll(server: ThreadServer) -> None:
    """TCP wakes nobody up for nothing, and is spared the call."""
    with socket.create_connection(server.address) as tcp:
        assert Readable(tcp).nap_ms == 0
    with socket.socket(socket.AF_UNIX) as unix:
        assert Readable(unix).nap_ms == NAP_MS


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Who looked for replies."""
    found: list[Any] = []
    original = BusyPoll.wait

    def wait(self: BusyPoll, readable: Any) -> None:
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
