"""A connection knows whether the next call can go through it, mostly without asking the kernel."""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared_state.managers import connecting
from shared_state.managers.connecting import ManagerConnection
from shared_state_protocol.wire.stdlib import frame

REQUEST: tuple[Any, ...] = ("id", "method", (1,), {})
REPLY = ("#RETURN", 1)


class Looks:
    """Counts how often a connection looks whether something has arrived."""

    def __init__(self, poll: Any) -> None:
        self._poll = poll
        self.nap_ms = 0
        self.is_napping = False
        self.count = 0

    def poll(self, timeout: int) -> Any:
        self.count += 1
        return self._poll.poll(timeout)


@pytest.fixture
def ends() -> Iterator[tuple[ManagerConnection, socket.socket]]:
    mine, theirs = socket.socketpair()
    with ManagerConnection(mine) as made, theirs:
        yield made, theirs


def call(made: ManagerConnection, server: socket.socket) -> Any:
    made.send(REQUEST)
    server.recv(1 << 16)
    server.sendall(frame(pickle.dumps(REPLY)))
    return made.recv()


def test_a_busy_connection_does_not_look(
    ends: tuple[ManagerConnection, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, server = ends
    monkeypatch.setattr(connecting, "QUIET_S", 60)
    made._incoming = looks = Looks(made._incoming)  # type: ignore[assignment]  # it polls as that does
    for _ in range(10):
        before = looks.count
        assert not made.is_unusable()
        assert looks.count == before
        assert call(made, server) == REPLY


def test_one_that_was_quiet_sees_that_its_server_is_gone(
    ends: tuple[ManagerConnection, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, server = ends
    monkeypatch.setattr(connecting, "QUIET_S", 0)
    assert call(made, server) == REPLY
    assert not made.is_unusable()
    server.close()
    assert made.is_unusable()


def test_one_in_the_middle_of_a_call_takes_no_other(
    ends: tuple[ManagerConnection, socket.socket],
) -> None:
    made, _ = ends
    made.send(REQUEST)
    assert made.is_unusable()


def test_the_connection_of_a_parent_is_none_of_its_child(
    ends: tuple[ManagerConnection, socket.socket],
) -> None:
    made, _ = ends
    pid = os.fork()
    if not pid:
        os._exit(0 if made.is_unusable() else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert not made.is_unusable()


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[socket.socket]:
    """A listener at a Unix socket whose backlog is full."""
    path = str(tmp_path / "socket")
    with (
        socket.socket(socket.AF_UNIX) as listener,
        socket.socket(socket.AF_UNIX) as first,
        socket.socket(socket.AF_UNIX) as second,
    ):
        listener.bind(path)
        listener.listen(0)
        first.connect(path)
        second.setblocking(False)
        with pytest.raises(BlockingIOError):
            second.connect(path)
        yield listener


def test_a_client_waits_for_a_server_that_is_busy(crowded: socket.socket) -> None:
    with ThreadPoolExecutor() as threads:
        made = threads.submit(connecting.Client, crowded.getsockname())
        crowded.settimeout(30)
        for _ in range(2):  # the first, and the client
            peer, _ = crowded.accept()
            peer.close()
        made.result(30).close()


def test_it_does_not_wait_for_ever(crowded: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT_S", 0.1)
    with pytest.raises(TimeoutError, match="did not take a connection"):
        connecting.Client(crowded.getsockname())


def test_two_threads_may_find_at_once_that_a_server_is_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, path = ("host", 1), "/where/it/was"

    def connect(connection_class: Any, reached: Any, authkey: bytes | None) -> Any:
        if reached == path:
            connecting._near_paths.clear()  # the other thread was first
            raise FileNotFoundError(reached)
        return reached

    monkeypatch.setattr(connecting, "_near_paths", {(address, None): path})
    monkeypatch.setattr(connecting, "_connect_to", connect)
    connected: Any = connecting.Client(address)
    assert connected == address
