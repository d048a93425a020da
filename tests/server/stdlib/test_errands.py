"""Errands: what a request costs that calls users' code, and what no such code can do to others."""

from __future__ import annotations

import contextlib
import functools
import os
import pickle
import queue
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import managers as standard
from multiprocessing.connection import Client, Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shared_state import managers as ours
from shared_state_protocol.wire.stdlib import frame
from shared_state_server.stdlib import errands
from shared_state_server.stdlib.connection import StdlibConnection
from shared_state_server.stdlib.office import Office

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
        self._larges = 0

    def thread(self) -> int:
        return threading.get_ident()

    def enter(self) -> bool:
        return self._mine.acquire(blocking=False)

    def leave(self) -> None:
        self._mine.release()

    def wait(self) -> bool:
        self._entered.set()
        try:
            return self._opened.wait(PATIENCE_S)
        finally:
            self._entered.clear()

    def is_entered(self) -> bool:
        return self._entered.wait(PATIENCE_S)

    def open(self) -> None:
        self._opened.set()

    def is_inside(self) -> bool:
        return self._entered.is_set()

    def exit(self) -> None:
        sys.exit(1)

    def large(self) -> bytes:
        self._larges += 1
        return bytes(LARGE)

    def larges(self) -> int:
        return self._larges


class Witness:
    """A user's class whose text says which thread has asked for it."""

    def __repr__(self) -> str:
        return threading.current_thread().name


@pytest.fixture
def address(tmp_path: Path) -> Iterator[Any]:
    """Where a server in a thread has one desk, and a dict and queues that are no user's code."""
    desk, plain = Desk(), dict[str, int]()

    class Manager(ours.BaseManager):
        pass

    Manager.register("desk", callable=lambda: desk)
    Manager.register("plain", callable=lambda: plain, proxytype=ours.DictProxy)
    Manager.register("queue", callable=queue.Queue)
    Manager.register("list", list, ours.ListProxy)
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
    Manager.register("queue")
    Manager.register("list", proxytype=edition.ListProxy)
    manager = Manager(address, KEY)
    manager.connect()
    return manager


@pytest.fixture(params=[ours, standard], ids=["our client", "a client of the standard library"])
def manager(request: pytest.FixtureRequest, address: Any) -> Any:
    return connected(request.param, address)


def in_thread(call: Callable[[], Any]) -> Any:
    """Return what a call returns that has a connection of its own."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    (result,) = found
    return result


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often workers read, write and give their connections back to the loop.

    Clients and the loop read and write otherwise.
    """
    counts: Counter[str] = Counter()

    def count(holder: Any, name: str) -> None:
        original = getattr(holder, name)

        def counted(*arguments: Any) -> Any:
            counts[name] += 1
            return original(*arguments)

        monkeypatch.setattr(holder, name, counted)

    system = SimpleNamespace(dup=os.dup, write=os.write)
    monkeypatch.setattr(errands, "os", system)
    count(system, "write")
    count(socket.socket, "recv")
    count(errands.Errands, "_give_back")
    return counts


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy makes no client late, and no method slow."""
    monkeypatch.setattr(errands, "NEXT_REQUEST_S", PATIENCE_S)
    monkeypatch.setattr(errands, "STUCK_S", PATIENCE_S)


@pytest.mark.usefixtures("patient")
def test_a_call_costs_one_read_and_one_write(manager: Any, counts: Counter[str]) -> None:
    desk = manager.desk()
    desk.thread()
    before = counts.copy()
    for _ in range(CALLS):
        desk.thread()
    assert counts["write"] - before["write"] == CALLS
    assert abs(counts["recv"] - before["recv"] - CALLS) <= 1  # the worker may not wait yet


def test_each_connection_has_one_thread(
    manager: Any, counts: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "NEXT_REQUEST_S", 0.001)
    monkeypatch.setattr(errands, "STUCK_S", 0.001)
    desk = manager.desk()
    seen: set[int] = set()
    while counts["_give_back"] < CALLS:
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


def test_what_users_have_put_into_a_list_is_shown_by_a_worker(manager: Any) -> None:
    witnesses = manager.list()
    witnesses.append(Witness())
    for each in (witnesses, manager.list([Witness()])):
        assert in_thread(each.__str__) == "[stdlib-worker]"  # whose connection has no worker yet


def test_a_method_that_exits_ends_its_connection_and_no_more(manager: Any) -> None:
    desk = manager.desk()
    with pytest.raises((EOFError, ConnectionResetError)):
        desk.exit()
    assert in_thread(desk.thread)


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


@pytest.mark.usefixtures("patient")
def test_the_loop_waits_for_nobody_who_does_not_read(
    address: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has read a request of the loop's; the loop answers before the worker goes on."""
    handed_over, heard = threading.Event(), threading.Event()
    is_blocking: list[bool] = []
    original = errands.Errands.load_and_perform

    def load_and_perform(self: errands.Errands, payload: bytes) -> Any:
        is_blocking.append(os.get_blocking(self._socket.fileno()))
        # A loop that waits in a write has the interpreter's lock: not even this test would end.
        reply = None if any(is_blocking) else original(self, payload)
        if reply is None:  # it is the loop's
            handed_over.set()
            assert heard.wait(PATIENCE_S), "the loop is held up"
        return reply

    manager = connected(standard, address)
    large, desk = manager.queue(), manager.desk()
    large.put(bytes(LARGE))
    for _ in range(2):
        desk.thread()  # the second time the worker reads it
    monkeypatch.setattr(errands.Errands, "load_and_perform", load_and_perform)
    desk._tls.connection.send((large._id, "get", (), {}))
    assert handed_over.wait(PATIENCE_S)
    assert is_blocking == [False]
    plain = connected(ours, address).plain()
    for number in range(CALLS):
        in_thread(functools.partial(plain.update, heard=number))
        assert in_thread(plain.copy) == {"heard": number}
    heard.set()


def test_a_client_that_does_not_read_is_not_read_from(
    address: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_full = threading.Event()
    original = StdlibConnection.pause_writing

    def pause_writing(self: StdlibConnection) -> None:
        original(self)
        is_full.set()

    monkeypatch.setattr(StdlibConnection, "pause_writing", pause_writing)
    desk, another = (connected(edition, address).desk() for edition in (standard, ours))
    assert another.larges() == 0
    made = desk._tls.connection
    made.send((desk._id, "large", (), {}))
    assert is_full.wait(PATIENCE_S)
    made.send((desk._id, "large", (), {}))
    for _ in range(CALLS):
        assert in_thread(another.larges) == 1
    for _ in range(2):
        # Not `made.recv`: ours has one reply at a time, and may read the start of the second along.
        assert Connection.recv(made) == ("#RETURN", bytes(LARGE))
    assert another.larges() == 2


@pytest.mark.parametrize("method", ["thread", "copy"])
def test_a_client_that_sends_many_requests_at_once_is_none(address: Any, method: str) -> None:
    manager = connected(standard, address)
    desk, plain = manager.desk(), manager.plain()
    desk.thread()
    made = desk._tls.connection
    ident = desk._id if method == "thread" else plain._id
    request = frame(pickle.dumps((ident, method, (), {})))
    os.write(made.fileno(), request * (errands.MAX_BACKLOG + 2))
    with pytest.raises((EOFError, ConnectionResetError)):
        made.recv()


def test_a_client_that_is_cut_off_hears_of_it_while_its_request_is_carried_out(
    address: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "STUCK_S", 0.001)
    desk, another = (connected(edition, address).desk() for edition in (standard, ours))
    desk.thread()
    made = desk._tls.connection
    made.send((desk._id, "wait", (), {}))
    assert in_thread(another.is_entered)
    os.write(made.fileno(), frame(b"") * (errands.MAX_BACKLOG + 1))
    with pytest.raises((EOFError, ConnectionResetError)):
        made.recv()
    assert in_thread(another.is_inside)
    in_thread(another.open)


@pytest.mark.parametrize("function", ["accept_connection", "shutdown"])
def test_what_is_the_loops_is_not_done_by_a_worker(
    address: Any, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class in the request has a worker read it."""
    asked: list[str] = []
    monkeypatch.setattr(Office, function, lambda *_: asked.append(function))
    with Client(address, authkey=KEY) as made:
        made.send((None, function, (Desk,), {}))
        kind, text = made.recv()
    assert kind == "#TRACEBACK"
    assert "unrecognized" in text
    assert not asked


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
