"""SharedStateManager: started, served, connected and ended, as the standard library's are."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.managers import BaseManager, RemoteError
from pathlib import Path
from typing import Any

import pytest

import shared_state
from shared_state import SharedStateManager

KEY = b"a key of a manager's"
PATIENCE_S = 30.0


@pytest.fixture
def manager() -> Iterator[SharedStateManager]:
    """A manager that has started its server."""
    with SharedStateManager(authkey=KEY) as started:
        yield started


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        os.sched_yield()
    pytest.fail(f"process {pid} is still there")


def test_it_is_a_base_manager(manager: SharedStateManager) -> None:
    assert isinstance(manager, BaseManager)
    assert manager.address[1] > 0


def test_it_makes_our_objects_with_their_first_content(manager: SharedStateManager) -> None:
    assert manager.dict({"a": 1}, b=2) == {"a": 1, "b": 2}
    assert manager.list(range(3)) == [0, 1, 2]
    assert manager.Queue(3).maxsize == 3
    lock = manager.Lock()
    with lock:
        assert lock.locked()
    assert isinstance(manager.dict(), shared_state.Dict)


@shared_state.register
@dataclass
class Job:
    """A value of a class of the user's, which each program that uses it has registered."""

    path: str


@dataclass
class Unknown:
    """One of a class that nobody has registered."""

    path: str


def test_named_objects_take_values_of_registered_classes_only(manager: SharedStateManager) -> None:
    shared = manager.dict(job=Job("/a"))
    assert shared["job"] == Job("/a")
    with pytest.raises(shared_state.EncodingError, match=r"shared_state\.register\(Unknown\)"):
        shared["job"] = Unknown("/a")


def test_other_types_take_values_of_the_classes_that_it_was_told(
    manager: SharedStateManager,
) -> None:
    name = f"{Unknown.__module__}:Unknown"
    served: Any = manager  # typeshed does not know the types that are registered
    with pytest.raises(RemoteError, match=f"--allow-class {name}, or in `allow`"):
        served.Namespace().job = Unknown("/a")
    with SharedStateManager(authkey=KEY, allow=[name]) as served:
        namespace = served.Namespace()
        namespace.job = Unknown("/a")
        assert namespace.job == Unknown("/a")


def test_each_object_is_another(manager: SharedStateManager) -> None:
    first, second = manager.list(), manager.list()
    first.append(1)
    assert second == []


def test_another_manager_connects_and_sees_named_objects(manager: SharedStateManager) -> None:
    manager.client.dict("config")["rate"] = 10
    other = SharedStateManager(manager.address, KEY)
    other.connect()
    assert other.client.dict("config") == {"rate": 10}
    other.shutdown()
    assert manager.client.dict("config") == {"rate": 10}


def test_a_wrong_key_is_refused(manager: SharedStateManager) -> None:
    other = SharedStateManager(manager.address, b"another key altogether")
    with pytest.raises(multiprocessing.AuthenticationError):
        other.connect()


def test_a_port_that_is_taken_is_the_caller_s_error(manager: SharedStateManager) -> None:
    second = SharedStateManager(manager.address, KEY)
    with pytest.raises(OSError, match="in use"):
        second.start()
    with pytest.raises(OSError, match="in use"):
        SharedStateManager(manager.address, KEY).get_server()


def test_shutdown_ends_the_server_and_refuses_clients() -> None:
    manager = SharedStateManager(authkey=KEY)
    manager.start()
    address = manager.address
    manager.shutdown()
    manager.join()
    with pytest.raises(ConnectionRefusedError):
        shared_state.connect(address, authkey=KEY, timeout=5)


def test_it_serves_at_a_unix_socket_too(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with SharedStateManager(path, KEY) as manager:
        assert manager.address == path
        manager.client.dict("config")["rate"] = 10
        assert manager.client.dict("config") == {"rate": 10}


def test_starting_twice_and_using_one_that_is_not_started_are_errors(
    manager: SharedStateManager,
) -> None:
    with pytest.raises(multiprocessing.ProcessError):
        manager.start()
    with pytest.raises(AssertionError):
        _ = SharedStateManager(authkey=KEY).client


def test_an_initializer_runs_in_the_server_s_process() -> None:
    reader, writer = multiprocessing.Pipe(duplex=False)
    manager = SharedStateManager(authkey=KEY)
    manager.start(_tell_pid, (writer,))
    assert reader.recv() not in (os.getpid(), 0)
    manager.shutdown()


def _tell_pid(writer: Any) -> None:
    writer.send(os.getpid())


SERVING = """
import sys
from shared_state import SharedStateManager
server = SharedStateManager(("127.0.0.1", 0), sys.argv[1].encode()).get_server()
print(server.address[1], flush=True)
server.serve_forever()
"""

STARTING = """
import sys, time
from shared_state import SharedStateManager
manager = SharedStateManager(authkey=sys.argv[1].encode())
manager.start()
print(manager._process.pid, flush=True)
sys.stdin.read()
"""


def run(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, KEY.decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_get_server_serves_until_sigterm() -> None:
    with run(SERVING) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with shared_state.connect(("127.0.0.1", port), authkey=KEY) as state:
            state.list("l").append(1)
            assert state.list("l") == [1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_started_server_ends_with_its_parent() -> None:
    with run(STARTING) as process:
        assert process.stdout is not None
        server = int(process.stdout.readline())
        process.kill()
    wait_until_gone(server)
