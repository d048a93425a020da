"""Errands: what a request costs that calls users' code, and what no such code can do to others."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import managers as standard
from pathlib import Path
from typing import Any

import pytest

from shared_state import managers as ours
from shared_state_server.stdlib import errands

KEY = b"the key of those who run errands"
PATIENCE_S = 60
CALLS = 100
LARGE = 1 << 22
"""Bytes of a reply that no socket's buffers hold."""


class Desk:
    """A user's class: it knows its threads, as many do without saying so."""

    def __init__(self) -> None:
        self._mine = threading.RLock()
        self._entered, self._opened = threading.Event(), threading.Event()

    def thread(self) -> int:
        return threading.get_ident()

    def enter(self) -> bool:
        return self._mine.acquire(blocking=False)

    def leave(self) -> None:
        self._mine.release()

    def wait(self) -> bool:
        self._entered.set()
        return self._opened.wait(PATIENCE_S)

    def is_entered(self) -> bool:
        return self._entered.wait(PATIENCE_S)

    def open(self) -> None:
        self._opened.set()

    def large(self) -> bytes:
        return bytes(LARGE)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[Any]:
    """Where a server in a thread has one desk, and a dict that is no user's code."""
    desk, plain = Desk(), dict[str, int]()

    class Manager(ours.BaseManager):
        pass

    Manager.register("desk", callable=lambda: desk)
    Manager.register("plain", callable=lambda: plain, proxytype=ours.DictProxy)
    server: Any = Manager(str(tmp_path / "socket"), KEY).get_server()

    def serve() -> None:
        with contextlib.suppress(SystemExit):  # which is how it ends
            server.serve_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.address
    server.stop_event.set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def connected(edition: Any, address: Any) -> Any:
    class Manager(edition.BaseManager):  # type: ignore[misc]  # of either edition
        pass

    Manager.register("desk")
    Manager.register("plain", proxytype=edition.DictProxy)
    manager = Manager(address, KEY)
    manager.connect()
    return manager


@pytest.fixture(params=[ours, standard], ids=["our client", "a client of the standard library"])
def manager(request: pytest.FixtureRequest, address: Any) -> Any:
    return connected(request.param, address)


def in_thread(call: Callable[[], Any]) -> Any:
    """Return what a call returns that has a connection of its own."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join(PATIENCE_S)
    (result,) = found
    return result


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often workers read, write and change whether their sockets block.

    Clients and the loop do so without the methods of Python's sockets.
    """
    counts: Counter[str] = Counter()

    def counted(name: str) -> Callable[..., Any]:
        original = getattr(socket.socket, name)

        def method(self: socket.socket, *arguments: Any) -> Any:
            counts[name] += 1
            return original(self, *arguments)

        return method

    for name in ("recv", "send", "setblocking"):
        monkeypatch.setattr(socket.socket, name, counted(name))
    return counts


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy makes no client late, and no method slow."""
    monkeypatch.setattr(errands, "NEXT_REQUEST_MS", PATIENCE_S * 1000)
    monkeypatch.setattr(errands, "STUCK_S", PATIENCE_S)


@pytest.mark.usefixtures("patient")
def test_a_call_costs_one_read_and_one_write(manager: Any, counts: Counter[str]) -> None:
    desk = manager.desk()
    desk.thread()
    before = counts.copy()
    for _ in range(CALLS):
        desk.thread()
    assert counts["send"] - before["send"] == CALLS
    assert abs(counts["recv"] - before["recv"] - CALLS) <= 1  # the worker may not wait yet
    assert counts["setblocking"] - before["setblocking"] <= 1


def test_each_connection_has_one_thread(
    manager: Any, counts: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "NEXT_REQUEST_MS", 1)
    monkeypatch.setattr(errands, "STUCK_S", 0.001)
    desk = manager.desk()
    seen: set[int] = set()
    while counts["setblocking"] < CALLS:  # so often the loop and the worker have taken turns
        seen.add(desk.thread())
        threading.Event().wait(0.002)
    assert len(seen) == 1
    assert in_thread(desk.thread) not in seen


def test_a_lock_inside_of_an_object_knows_its_owner(manager: Any) -> None:
    desk = manager.desk()
    assert desk.enter()
    assert desk.enter()
    assert not in_thread(desk.enter)
    desk.leave()
    desk.leave()
    assert in_thread(desk.enter)


def test_a_method_that_waits_holds_nobody_up_after_many_that_did_not(manager: Any) -> None:
    desk = manager.desk()
    for _ in range(CALLS):
        desk.thread()
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(desk.wait()))
    waiting.start()
    for _ in range(CALLS):
        desk.thread()
    in_thread(desk.open)
    waiting.join(PATIENCE_S)
    assert answers == [True]


def test_a_client_that_does_not_read_holds_nobody_up(
    address: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "STUCK_S", 0.001)  # the loop looks while a reply cannot leave
    desk = connected(standard, address).desk()
    desk.thread()
    desk._tls.connection.send((desk._id, "large", (), {}))
    plain = connected(ours, address).plain()
    for number in range(CALLS):
        in_thread(functools.partial(plain.update, heard=number))
        assert in_thread(plain.copy) == {"heard": number}


def test_a_request_that_was_interrupted_has_no_reply(
    address: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = threading.Event()
    original = errands.Errands.take

    def take(self: errands.Errands, payloads: list[bytes]) -> None:
        original(self, payloads)
        if any(b"leave" in payload for payload in payloads):
            taken.set()

    desk, another = (connected(edition, address).desk() for edition in (standard, ours))
    assert desk.enter()
    made = desk._tls.connection
    monkeypatch.setattr(errands.Errands, "take", take)
    made.send((desk._id, "wait", (), {}))
    assert in_thread(another.is_entered)
    made.send((desk._id, "leave", (), {}))
    assert taken.wait(PATIENCE_S), "nobody reads from a client whose request takes long"
    in_thread(another.open)
    assert made.recv() == ("#RETURN", None)  # what `leave` returns
