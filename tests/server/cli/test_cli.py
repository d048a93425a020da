"""The command line as a whole: which commands there are, and how each way of failing ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version

import pytest
import typer

from shared_state_protocol.errors import AuthenticationError, ServerClosing
from shared_state_server import cli
from shared_state_server.cli.refusal import Refused

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process; return exit status, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["shared-state", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        shown = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, shown.out, shown.err

    return run


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Make ``keygen`` fail as told."""

    def fail_with(error: Exception) -> None:
        def fail() -> str:
            raise error

        module = import_module("shared_state_server.cli.keygen")  # its name is the command's too
        monkeypatch.setattr(module, "generate_key", fail)

    return fail_with


def test_the_version_is_that_of_the_distribution(run: Run) -> None:
    assert run("--version") == (0, f"shared-state {version('shared-state')}\n", "")


def test_the_commands_of_both_sides_are_listed(run: Run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    positions = [
        out.index(f" {name} ")
        for name in ("demo", "keygen", "lock", "locks", "ls", "ping", "serve")
    ]
    assert positions == sorted(positions)


@pytest.mark.parametrize("command", ["demo", "keygen", "lock", "locks", "ls", "ping", "serve"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    status, out, _ = run(command, "--help")
    assert status == 0
    assert f"shared-state {command}" in out


@pytest.mark.parametrize("command", ["", "demo", "lock", "locks", "ls", "ping", "serve"])
def test_nothing_is_cut_off_where_a_screen_is_narrow(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run(*command.split(), "--help")
    assert "…" not in out
    assert [line for line in out.splitlines()[1:] if line.endswith("...")] == []


def test_an_address_that_may_be_left_out_is_in_brackets_once(run: Run) -> None:
    _, out, _ = run("ls", "--help")
    assert "ls [OPTIONS] [ADDRESS]\n" in out
    assert "port 50000 of this host" in " ".join(out.split())


def test_an_unknown_command_is_a_wrong_call(run: Run) -> None:
    status, _, err = run("sevre")
    assert status == 2
    assert "sevre" in err


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (Refused("too dangerous"), 2, "shared-state: too dangerous\n"),
        (ConnectionRefusedError("nobody there"), 1, "shared-state: nobody there\n"),
        (AuthenticationError("wrong key"), 1, "shared-state: wrong key\n"),
        (ServerClosing("going down"), 1, "shared-state: going down\n"),
        (TimeoutError(), 1, "shared-state: TimeoutError\n"),
    ],
)
def test_a_failure_is_one_line_and_an_exit_status(
    run: Run,
    failing: Callable[[Exception], None],
    error: Exception,
    status: int,
    line: str,
) -> None:
    failing(error)
    assert run("keygen") == (status, "", line)


def test_a_defect_is_not_dressed_up(run: Run, failing: Callable[[Exception], None]) -> None:
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run("keygen")


def test_tracebacks_show_no_local_variables() -> None:
    assert cli.app.pretty_exceptions_enable is False


def test_another_distribution_can_add_a_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Added:
        name = "hello"

        @staticmethod
        def load() -> Callable[[], None]:
            return lambda: typer.echo("hello")

    class Group(list[Added]):
        names = ("hello",)

    monkeypatch.setattr(cli, "entry_points", lambda **_: Group([Added()]))
    assert run("hello") == (0, "hello\n", "")


@pytest.mark.parametrize("arguments", [["--version"], ["keygen"], ["serve", "--help"]])
def test_a_command_of_the_server_loads_nothing_of_the_client(arguments: list[str]) -> None:
    program = (
        "import atexit, sys\n"
        "from shared_state_server.cli import main\n"
        "atexit.register(lambda: sys.stderr.write('x' * ('shared_state' in sys.modules)))\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


@pytest.mark.parametrize("package", ["shared_state", "shared_state_server"])
def test_a_package_runs_as_a_module(package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", package, "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"shared-state {version('shared-state')}\n"
