"""``shared-state lock``: a command holds a lock as long as it runs, whatever comes in between."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import shared_state
from shared_state import Grant, StaleFence

from ...fixtures.losing import give_up_holders
from ...fixtures.servers import ThreadServer
from ...fixtures.watching import LONG_S, until, waiting

PROGRAM = [sys.executable, "-m", "shared_state_server", "lock"]

ECHO_TERM = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"told to end\\n"), sys.exit(7)))
print("running", flush=True)  # in which the signal may come, so that another would be refused
time.sleep(600)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(server: ThreadServer) -> Iterator[Start]:
    """Start ``shared-state lock`` with these arguments; whoever is left at the end is killed.

    `prepare` is Python for the process to run first.
    """
    started: list[subprocess.Popen[str]] = []
    host, port = server.address
    environment = {
        **os.environ,
        "SHARED_STATE_ADDRESS": f"{host}:{port}",
        "SHARED_STATE_AUTHKEY": server.settings.authkey.decode(),
    }

    def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        prepare: str = options.pop("prepare", "")
        become = f"import os, sys; {prepare}; os.execv(sys.argv[1], sys.argv[1:])"
        launcher = [sys.executable, "-c", become] if prepare else []
        process = subprocess.Popen(
            [*launcher, *PROGRAM, *arguments], env=environment, text=True, **{**pipes, **options}
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def run(start: Start, *arguments: str) -> tuple[int, str, str]:
    """Return how the command ended, and what it said."""
    process = start(*arguments)
    out, err = process.communicate(timeout=LONG_S)
    return process.returncode, out, err


def python(program: str) -> list[str]:
    return ["--", sys.executable, "-c", program]


# While it runs


def test_the_command_holds_the_lock_and_ends_as_it_does(
    start: Start, client: shared_state.Client
) -> None:
    process = start("deploy", *python("input(); raise SystemExit(5)"), stdin=subprocess.PIPE)
    until(lambda: client.lock("deploy").locked())
    owner = client.lock("deploy").owner()
    assert owner is not None
    assert owner.pid == process.pid
    process.communicate("\n", timeout=LONG_S)
    assert process.returncode == 5
    assert client.lock("deploy").locked() is False


def test_the_command_can_fence_with_what_its_environment_has(
    start: Start, client: shared_state.Client
) -> None:
    program = "import os; print(os.environ['SHARED_STATE_LOCK'], os.environ['SHARED_STATE_TOKEN'])"
    process = start(
        "deploy", *python(f"{program}; os.sys.stdout.flush(); input()"), stdin=subprocess.PIPE
    )
    assert process.stdout is not None
    name, token = process.stdout.readline().split()
    grant = Grant(name, int(token))
    client.dict("d").set("k", 1, fence=grant)
    process.communicate("\n", timeout=LONG_S)
    assert process.returncode == 0
    with pytest.raises(StaleFence):
        client.dict("d").set("k", 2, fence=grant)


def test_it_waits_its_turn(start: Start, client: shared_state.Client) -> None:
    with client.lock("deploy"):
        process = start("deploy", "--", "true")
        until(lambda: waiting(client, "deploy") == 1)
    assert process.wait(LONG_S) == 0


def test_a_lock_that_is_not_free_in_time_is_status_124(
    start: Start, client: shared_state.Client
) -> None:
    with client.lock("deploy"):
        status, out, err = run(start, "deploy", "--timeout", "0.05", "--", "echo", "never")
    assert (status, out) == (124, "")
    assert err == "shared-state: deploy was not free in time\n"


def test_what_cannot_be_run_is_status_126_or_127(
    start: Start, client: shared_state.Client, tmp_path: Path
) -> None:
    (tmp_path / "text").touch(mode=0o600)
    for command, status, why in (
        ("/no/such/command", 127, "No such file or directory"),
        ("no-such-command", 127, "No such file or directory"),
        (str(tmp_path / "text"), 126, "Permission denied"),
        (str(tmp_path), 126, "Permission denied"),
    ):
        reason = f"shared-state: cannot run {command}: {why}\n"
        assert run(start, "deploy", "--", command) == (status, "", reason)
        assert client.lock("deploy").acquire(timeout=LONG_S) is True
        assert client.lock("deploy").abandoned is False
        client.lock("deploy").release()


@pytest.mark.parametrize("arguments", [["deploy"], ["deploy", "--timeout", "-1", "--", "true"]])
def test_a_wrong_call_is_status_2(start: Start, arguments: list[str]) -> None:
    assert run(start, *arguments)[0] == 2


def test_the_commands_own_options_are_its_own(start: Start) -> None:
    status, out, _ = run(start, "deploy", "--", "echo", "--timeout", "--help", "--")
    assert (status, out) == (0, "--timeout --help --\n")


# Signals


def running(process: subprocess.Popen[str]) -> None:
    """Return once the command says that it runs."""
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_is_passed_on_and_what_it_kills_is_128_and_more(
    start: Start, client: shared_state.Client, number: signal.Signals
) -> None:
    process = start("deploy", "--", "sh", "-c", "echo running; exec sleep 600")
    running(process)
    process.send_signal(number)
    assert process.wait(LONG_S) == 128 + number
    assert client.lock("deploy").locked() is False


def test_a_command_decides_itself_what_a_signal_is(start: Start) -> None:
    process = start("deploy", *python(ECHO_TERM))
    running(process)
    process.terminate()
    out, _ = process.communicate(timeout=LONG_S)
    assert (process.returncode, out) == (7, "told to end\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait_for_the_lock(
    start: Start, client: shared_state.Client, number: signal.Signals
) -> None:
    with client.lock("deploy"):
        process = start("deploy", "--", "echo", "never")
        until(lambda: waiting(client, "deploy") == 1)
        process.send_signal(number)
        out, err = process.communicate(timeout=LONG_S)
        assert (process.returncode, out, err) == (128 + number, "", "")
        until(lambda: waiting(client, "deploy") == 0)
    assert client.lock("deploy").locked() is False


def test_a_signal_that_is_ignored_stays_ignored(start: Start, client: shared_state.Client) -> None:
    """As with ``nohup``."""
    client.lock("deploy").acquire()
    ignore = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    process = start("deploy", "--", "true", prepare=ignore)
    until(lambda: waiting(client, "deploy") == 1)
    process.send_signal(signal.SIGHUP)
    client.lock("deploy").release()
    assert process.wait(LONG_S) == 0


COUNTING = """
import signal, sys, time
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
print("running", flush=True)
while not heard:
    time.sleep(0.01)  # `pause` would miss a signal that came just before it
signal.signal(signal.SIGTERM, lambda *_: sys.exit(len(heard)))
print("heard", flush=True)
signal.pause()
"""


TAKE_TERMINAL = "import fcntl, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)"


def test_ctrl_c_at_a_terminal_reaches_the_command_once(start: Start) -> None:
    """The terminal sends it to both, and ours is not passed on to who has had it."""
    ours, terminal = pty.openpty()
    process = start(
        "deploy",
        *python(COUNTING),
        stdin=terminal,
        prepare=TAKE_TERMINAL,
    )
    running(process)
    os.write(ours, b"\x03")
    assert process.stdout is not None
    assert process.stdout.readline() == "heard\n"
    process.terminate()
    assert process.wait(LONG_S) == 1
    os.close(ours)
    os.close(terminal)


# A lost lock


def test_a_command_that_has_lost_its_lock_is_ended(
    start: Start, server: ThreadServer, client: shared_state.Client
) -> None:
    process = start("deploy", *python(ECHO_TERM))
    running(process)
    give_up_holders(server)
    out, err = process.communicate(timeout=LONG_S)
    assert (process.returncode, out) == (1, "told to end\n")
    assert "deploy is not held any more; ending the command" in err
    assert len(err.splitlines()) == 1


def test_a_lock_that_is_taken_away_from_it_ends_it_too(
    start: Start, client: shared_state.Client
) -> None:
    process = start("deploy", *python(ECHO_TERM))
    running(process)
    client.lock("deploy").release()
    client.lock("deploy").acquire()
    assert process.wait(LONG_S) == 1
    assert client.lock("deploy").locked() is True


DEAF = """
import signal, sys
for each in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(each, signal.SIG_IGN)
print("running", flush=True)
sys.stdin.read()
"""


def test_a_killed_holder_takes_its_command_along_and_the_lock_is_free(
    start: Start, client: shared_state.Client
) -> None:
    """The kernel ends the command, whatever that ignores."""
    process = start("deploy", *python(DEAF), stdin=subprocess.PIPE)
    running(process)
    process.kill()
    assert client.lock("deploy").acquire(timeout=LONG_S) is True
    assert client.lock("deploy").abandoned is True
    if sys.platform == "linux":  # elsewhere it reads until the end of the test
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], LONG_S)[0], "it goes on"
        assert process.stdout.read() == "", "nobody has the other end any more"


def test_a_command_whose_holder_was_killed_before_it_began_does_not_begin(tmp_path: Path) -> None:
    """It asks for its end together with that of its parent, and so could be too late."""
    begun = tmp_path / "begun"
    program = f"""
import os, signal, time
from shared_state.commands import child
prepare, parent = child._preparation(), os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:  # its files close before that is so
        time.sleep(0.001)
    prepare()
    open({str(begun)!r}, "w").close()
    os._exit(0)
os.kill(parent, signal.SIGKILL)
"""
    end = subprocess.run(
        [sys.executable, "-c", program], check=False, stdout=subprocess.PIPE, timeout=LONG_S
    )
    assert end.returncode == -signal.SIGKILL
    assert begun.exists() is (sys.platform != "linux")


def masks_in(status: str) -> dict[str, set[signal.Signals | int]]:
    """Return the signals of each mask, without the two that the C library keeps for itself.

    How those are depends on how a process was started, and no program can change it.
    """
    return {
        name: {each for each in signal.valid_signals() if int(mask, 16) >> (each - 1) & 1}
        for name, mask in (line.split(":") for line in status.splitlines())
    }


def test_a_command_gets_signals_as_other_programs_do(start: Start) -> None:
    """None stays blocked for `Child.wait`, and none ignored that Python itself ignores."""
    look = ["grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"]
    plain = subprocess.run(look, check=True, capture_output=True, text=True)
    status, output, complaints = run(start, "deploy", "--", *look)
    assert (status, complaints) == (0, "")
    assert masks_in(output) == masks_in(plain.stdout)
