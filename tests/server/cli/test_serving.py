"""``serve``, ``ping`` and ``ls`` for real: processes, sockets, signals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "shared_state_server"]
LISTENING = "listening on "
LAST_LINE = 'state.dict("config")["rate"] = 10\n'

Environment = dict[str, str]
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
Serve = Callable[..., "Server"]


class Server:
    """A ``serve`` process that listens, what it has announced, and where its log goes."""

    def __init__(self, arguments: tuple[str, ...], environ: Environment, log: Path) -> None:
        self.log = log
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", *arguments],
                env=environ,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self.process.stdout is not None
        self.announced = list(takewhile(LAST_LINE.__ne__, self.process.stdout))
        assert self.announced, log.read_text()
        self.address = self.announced[0].removeprefix(LISTENING).strip()

    @property
    def three_lines(self) -> str:
        return "".join([*self.announced[-2:], LAST_LINE])

    def stop(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        self.process.communicate()
        return self.process.returncode


@pytest.fixture
def environ() -> Iterator[Environment]:
    """Give commands a home of their own, with a path that is short enough for a Unix socket."""
    inherited = {name: text for name, text in os.environ.items() if "SHARED_STATE" not in name}
    with tempfile.TemporaryDirectory() as folder:
        places = dict.fromkeys(["XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "TMPDIR"], folder)
        yield {**inherited, **places}


@pytest.fixture
def run(environ: Environment) -> Run:
    """Run a command to its end."""

    def run(*arguments: str, **variables: str) -> Done:
        environment = {**environ, **variables}
        return subprocess.run(
            [*COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def serve(environ: Environment, tmp_path: Path) -> Iterator[Serve]:
    """Start servers on free ports; end those that a test leaves."""
    servers: list[Server] = []

    def serve(*arguments: str, **variables: str) -> Server:
        log = tmp_path / f"{len(servers)}.log"
        servers.append(Server(("--port", "0", *arguments), {**environ, **variables}, log))
        return servers[-1]

    yield serve
    for server in servers:
        if server.process.returncode is None:
            server.stop(signal.SIGKILL)


def test_the_three_lines_connect_another_process(
    serve: Serve, run: Run, environ: Environment
) -> None:
    server = serve()
    subprocess.run([sys.executable, "-c", server.three_lines], env=environ, check=True)
    assert run("ls", server.address).stdout == "config\tdict\t1\t0\t\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well_and_leaves_no_socket(
    serve: Serve, environ: Environment, number: signal.Signals
) -> None:
    def sockets() -> list[Path]:
        return [path for path in Path(environ["TMPDIR"]).rglob("*") if path.is_socket()]

    server = serve()
    assert len(sockets()) == 1
    assert server.stop(number) == 0
    assert sockets() == []


def test_it_hears_a_signal_that_was_handled_before(serve: Serve, tmp_path: Path) -> None:
    """As coverage does: it writes down what it has seen."""
    handle = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: None)\n"
    (tmp_path / "sitecustomize.py").write_text(handle)
    assert serve(PYTHONPATH=str(tmp_path)).stop(signal.SIGTERM) == 0


@pytest.mark.parametrize(("level", "is_told"), [("info", True), ("warning", False)])
def test_the_log_has_what_is_urgent_enough(serve: Serve, level: str, is_told: bool) -> None:
    server = serve("--log-level", level)
    server.stop(signal.SIGTERM)
    assert ("INFO shared_state_server.listener: going down" in server.log.read_text()) is is_told


def test_no_key_is_in_the_arguments_the_output_or_the_log(serve: Serve, run: Run) -> None:
    key = "a key of this test, long enough"
    server = serve("--log-level", "debug", SHARED_STATE_AUTHKEY=key)
    arguments = Path(f"/proc/{server.process.pid}/cmdline").read_text()
    right = run("ping", server.address, SHARED_STATE_AUTHKEY=key)
    wrong = run("ping", server.address, SHARED_STATE_AUTHKEY="the key of somebody else")
    assert (right.returncode, wrong.returncode) == (0, 1)
    assert server.stop(signal.SIGTERM) == 0
    log = server.log.read_text()
    assert "shared_state_server" in log
    for text in [arguments, *server.announced, log, right.stdout, wrong.stdout, wrong.stderr]:
        assert key not in text
        assert "the key of somebody" not in text


def test_a_key_made_for_this_user_is_in_no_output(serve: Serve, environ: Environment) -> None:
    server = serve("--log-level", "debug")
    key = Path(environ["XDG_CONFIG_HOME"], "shared-state", "authkey").read_text().strip()
    server.stop(signal.SIGTERM)
    assert len(key) == 64
    assert key not in server.log.read_text() + "".join(server.announced)


def test_a_taken_port_is_one_clear_line(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"shared-state: cannot listen at tcp://127.0.0.1:{port}: "
        "the address is in use; --port 0 takes any free port\n"
    )


def test_an_address_of_other_hosts_is_refused_before_anything_is_made(
    run: Run, environ: Environment
) -> None:
    done = run("serve", "--host", "0.0.0.0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "neither encrypted" in done.stderr


def test_with_the_word_it_listens_everywhere(serve: Serve) -> None:
    server = serve("--host", "0.0.0.0", "--insecure")
    assert re.fullmatch(r"tcp://0\.0\.0\.0:\d+", server.address)
    assert "0.0.0.0" not in server.three_lines


def test_shared_objects_are_there_from_the_start(serve: Serve, run: Run) -> None:
    server = serve("--share", "jobs=queue", "--share", "config=dict")
    done = run("ls", "--json", server.address)
    nobody: dict[str, object] = {"size": 0, "owners": [], "waiters": 0}
    assert json.loads(done.stdout) == [
        {"name": "config", "type": "dict", **nobody},
        {"name": "jobs", "type": "queue", **nobody},
    ]


def test_ls_has_nothing_to_say_of_an_empty_server(serve: Serve, run: Run) -> None:
    server = serve()
    assert run("ls", server.address).stdout == ""
    assert json.loads(run("ls", "--json", server.address).stdout) == []


def test_ping_tells_the_transport_and_the_version(serve: Serve, run: Run) -> None:
    server = serve()
    done = run("ping", "--count", "3", server.address)
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert len(lines) == 3
    about = rf"{server.address} over unix, server {version('shared-state')}: \d+\.\d{{3}} ms"
    assert all(re.fullmatch(about, line) for line in lines)


def test_ping_finds_the_server_of_the_environment(serve: Serve, run: Run) -> None:
    server = serve("--no-unix-socket")
    done = run("ping", SHARED_STATE_ADDRESS=server.address)
    assert done.stdout.startswith(f"{server.address} over tcp, ")


@pytest.mark.parametrize("command", ["ping", "ls"])
def test_nobody_there_is_one_clear_line(run: Run, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    done = run(command, address, SHARED_STATE_AUTHKEY="a key of this test, long enough")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"shared-state: .*{address}.*refused.*\n", done.stderr)


def test_a_silent_server_is_given_up(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        key = "a key of this test, long enough"
        done = run("ping", "--timeout", "0.2", address, SHARED_STATE_AUTHKEY=key)
    assert (done.returncode, done.stdout) == (1, "")
    assert address in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_address_is_a_wrong_call(run: Run) -> None:
    done = run("ping", "127.0.0.1:http")
    assert done.returncode == 2
    assert "no port" in done.stderr


def test_without_a_key_anywhere_the_places_are_named(run: Run) -> None:
    done = run("ping", "127.0.0.1:1")
    assert done.returncode == 1
    assert "SHARED_STATE_AUTHKEY_FILE" in done.stderr
