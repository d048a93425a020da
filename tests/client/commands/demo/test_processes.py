"""The processes of the demo: none outlives it, and none inherits what it should not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shared_state.commands.demo import processes
from shared_state.commands.demo.processes import DemoFailed, end, environment, server

STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
signal.pause()
"""


def test_the_users_settings_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED_STATE_PORT", "1")
    monkeypatch.setenv("SHARED_STATE_AUTHKEY_FILE", "/home/a/key")
    environ = environment("a key")
    settings = {name: text for name, text in environ.items() if name.startswith("SHARED_STATE_")}
    assert settings == {"SHARED_STATE_AUTHKEY": "a key"}


def test_a_process_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_TIMEOUT_S", 0.0)
    deaf = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True)
    assert deaf.stdout is not None
    assert deaf.stdout.readline() == "deaf\n"
    end([deaf])
    assert deaf.returncode == -9


def test_a_server_that_does_not_start_is_told() -> None:
    with (
        pytest.raises(DemoFailed, match="did not start; exit status 2"),
        server(environment("weak")),
    ):
        pytest.fail("there is no server")


def test_what_goes_wrong_while_the_server_runs_is_passed_on() -> None:
    with pytest.raises(ConnectionResetError), server(environment("0123456789abcdef")):
        raise ConnectionResetError
