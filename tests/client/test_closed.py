"""A client that is closed while its threads call: they are told, and it does not come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state.lane import Lane

from ..fixtures.servers import ProcessServer, ThreadServer
from ..fixtures.watching import LONG_S, until, waiting


@pytest.fixture(params=[True, False], ids=["near", "far"])
def closing(request: pytest.FixtureRequest, server: ThreadServer) -> Iterator[shared_state.Client]:
    """A client over a Unix socket, or over TCP."""
    with server.connect(same_host=request.param) as opened:
        yield opened


def sessions(server: ThreadServer) -> int:
    return server.look(lambda service: len(service.sessions))


def refused(call: Future[Any]) -> None:
    with pytest.raises(ConnectionAbortedError, match="was closed"):
        call.result(LONG_S / 3)


def test_who_waits_in_another_thread_is_told_at_once(
    server: ThreadServer,
    closing: shared_state.Client,
    other: shared_state.Client,
    threads: ThreadPoolExecutor,
) -> None:
    jobs = closing.queue("jobs")
    calls = [threads.submit(jobs.get) for _ in range(3)]
    until(lambda: waiting(other, "jobs") == 3)
    closing.close()
    for call in calls:
        refused(call)
    until(lambda: sessions(server) == 1)
    other.queue("jobs").put("item")
    assert other.queue("jobs").get_nowait() == "item"


def test_who_waits_is_told_where_nobody_else_has_a_connection(
    server: ThreadServer,
    closing: shared_state.Client,
    other: shared_state.Client,
    threads: ThreadPoolExecutor,
) -> None:
    def close() -> None:
        until(lambda: waiting(other, "jobs") == 1)
        closing.close()

    jobs = closing.queue("jobs")
    closed = threads.submit(close)
    with pytest.raises(ConnectionAbortedError, match="was closed"):
        jobs.get()
    closed.result()
    until(lambda: sessions(server) == 1)


def test_what_a_thread_has_got_is_not_handed_out_again(
    closing: shared_state.Client, other: shared_state.Client
) -> None:
    other.queue("jobs").put("item")
    got, goes = threading.Event(), threading.Event()

    def get() -> None:
        closing.queue("jobs").get()
        got.set()
        goes.wait(LONG_S)

    thread = threading.Thread(target=get)
    thread.start()
    assert got.wait(LONG_S)
    closing.close()
    goes.set()
    thread.join()
    assert other.queue("jobs").qsize() == 0


def test_who_looks_for_a_server_that_is_gone_looks_no_more(
    process_server: ProcessServer, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()
    original: Callable[..., None] = Lane._reconnect

    def reconnect(self: Lane, *args: Any) -> None:
        looked.set()
        original(self, *args)

    monkeypatch.setattr(Lane, "_reconnect", reconnect)
    client = process_server.connect(timeout=10 * LONG_S)
    threads.submit(client.ping).result()  # the same thread calls again
    process_server.kill()
    call = threads.submit(client.ping)
    assert looked.wait(LONG_S)
    client.close()
    refused(call)


def test_a_connection_that_is_made_meanwhile_is_given_up(
    server: ThreadServer, closing: shared_state.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    original: Callable[..., Any] = Lane._replace

    def replace(self: Lane, *args: Any) -> Any:
        closer = threading.Thread(target=closing.close)
        closer.start()
        closer.join()
        return original(self, *args)

    monkeypatch.setattr(Lane, "_replace", replace)
    closing._lane()._opened.close()
    with pytest.raises(ConnectionAbortedError, match="was closed"):
        closing.ping()
    until(lambda: sessions(server) == 0)


def test_a_thread_that_connects_meanwhile_is_refused(
    server: ThreadServer,
    closing: shared_state.Client,
    threads: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original: Callable[..., None] = Lane.__init__

    def make(self: Lane, *args: Any) -> None:
        original(self, *args)
        closing.close()

    monkeypatch.setattr(Lane, "__init__", make)
    with pytest.raises(ValueError, match="is closed"):
        threads.submit(closing.ping).result(LONG_S)
    until(lambda: sessions(server) == 0)
    with pytest.raises(ValueError, match="is closed"):
        closing.ping()
