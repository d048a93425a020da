"""Clients with nothing but their standard library, at ``shared-state serve``."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

import pytest

import shared_state
from tests.managers.editions import Edition, environment, publish
from tests.managers.interpreters import MINORS, interpreter
from tests.managers.playing import PROGRAMS, printed
from tests.managers.programs.stage import KEY

BY_NAME, FOREIGN, INSTANCES, PROXIES = (
    PROGRAMS / "served" / f"{name}.py"
    for name in ("by_name", "foreign_class", "instances", "proxies")
)
SHARED = [
    word for each in ("jobs=queue", "config=dict", "leader=lock") for word in ("--share", each)
]
LET_IN = ["--allow-stdlib-clients", *SHARED]

PRINTED = """\
{'id': 1} two True
True
10 None 1 True
False
"""

Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start ``shared-state serve`` with the options given; return where it listens."""
    with ExitStack() as running:
        yield lambda *options: running.enter_context(serving(*options, home=tmp_path))


@contextmanager
def serving(*options: str, home: Path) -> Iterator[str]:
    environ = environment() | {
        "SHARED_STATE_AUTHKEY": KEY.decode(),
        "XDG_RUNTIME_DIR": str(home),
        "XDG_CONFIG_HOME": str(home),
    }
    command = [sys.executable, "-m", "shared_state_server", "serve", "--port", "0", *options]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().removeprefix("listening on ").strip()
        finally:
            server.terminate()


def as_argument(address: str) -> str:
    host, port = address.removeprefix("tcp://").rsplit(":", 1)
    return json.dumps([host, int(port)])


@pytest.mark.parametrize("minor", MINORS, ids=lambda minor: f"3.{minor}")
def test_each_version_reaches_named_objects(minor: int, serve: Serve, tmp_path: Path) -> None:
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"there is no Python 3.{minor} on this machine")
    program = publish(BY_NAME, Edition.STANDARD, tmp_path)
    address = as_argument(serve(*LET_IN))
    for serializer in ("pickle", "xmlrpclib"):
        assert printed(program, address, serializer, python=python) == PRINTED


def test_they_are_the_objects_of_our_own_clients(serve: Serve, tmp_path: Path) -> None:
    address = serve(*LET_IN)
    printed(publish(BY_NAME, Edition.STANDARD, tmp_path), as_argument(address), "pickle")
    with shared_state.connect(address, authkey=KEY) as state:
        assert state.dict("config") == {"rate": 10}


def test_a_proxy_stands_for_an_object_of_this_server_or_is_refused(
    serve: Serve, tmp_path: Path
) -> None:
    program = publish(PROXIES, Edition.STANDARD, tmp_path)
    address = as_argument(serve(*LET_IN, "--share", "items=list"))
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        said = printed(program, address, json.dumps(elsewhere.getsockname())).splitlines()
        with pytest.raises(BlockingIOError):
            elsewhere.accept()  # a client does not make the server connect anywhere
    assert said[:2] == ["0", "[1, 1]"]
    assert "another server's" in said[2]
    assert said[3:] == ["0"]


def test_a_class_that_is_not_allowed_is_refused_by_name(serve: Serve, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    program = publish(FOREIGN, Edition.STANDARD, tmp_path)
    refusal = printed(program, as_argument(serve(*LET_IN)), str(canary))
    assert "Path.touch" in refusal
    assert not canary.exists()


def test_a_class_that_the_operator_names_is_let_in(serve: Serve, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    program = publish(FOREIGN, Edition.STANDARD, tmp_path)
    named = [
        word
        for name in ("Path.touch", "PosixPath")
        for word in ("--allow-class", f"{Path.__module__}:{name}")  # pathlib._local in 3.13
    ]
    assert printed(program, as_argument(serve(*LET_IN, *named)), str(canary)) == ""
    assert canary.exists()


def test_instances_are_stored_where_their_class_and_pickles_are_allowed(
    serve: Serve, tmp_path: Path
) -> None:
    program = publish(INSTANCES, Edition.STANDARD, tmp_path)
    named = ["--allow-class", f"{PurePosixPath.__module__}:PurePosixPath"]  # elsewhere in 3.13
    allowed = as_argument(serve(*LET_IN, *named, "--allow-pickle"))
    assert printed(program, allowed) == "PurePosixPath('a') [PurePosixPath('b')]\n"
    assert "--allow-pickle" in printed(program, as_argument(serve(*LET_IN, *named)))


def test_a_pickle_of_other_clients_is_read_by_the_same_rules(serve: Serve, tmp_path: Path) -> None:
    address = serve(*LET_IN, "--allow-pickle")
    with shared_state.connect(address, authkey=KEY, pickle=True) as state:
        state.dict("config")["list"] = [PurePosixPath("b")]
    refusal = printed(publish(INSTANCES, Edition.STANDARD, tmp_path), as_argument(address), "fetch")
    assert "PurePosixPath is not allowed here" in refusal


def test_without_the_flag_they_are_turned_away(serve: Serve, tmp_path: Path) -> None:
    program = publish(BY_NAME, Edition.STANDARD, tmp_path)
    address = as_argument(serve())
    with pytest.raises(AssertionError, match=r"AuthenticationError|EOFError|ConnectionResetError"):
        printed(program, address, "pickle")
