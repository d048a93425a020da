"""The processes of the demo: a server and its workers, none of which outlives it.

All of them run in sessions of their own, so Ctrl-C reaches the demo alone, which then ends them in
order. The key travels in their environment, which only this user can read; the arguments of a
process are everybody's. The server is started by its command, as a user would.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from shared_state_protocol.address import Address
from shared_state_protocol.authkey import KEY_VARIABLE
from shared_state_protocol.errors import SharedStateError

__all__ = ["DemoFailed", "Process", "end", "environment", "server", "worker"]

STOP_TIMEOUT_S = 5.0
"""A process that has not ended so long after SIGTERM is killed. The server drains in one second."""

LISTENING = "listening on "
"""How the first line of the server's output begins."""

Process = subprocess.Popen[str]


class DemoFailed(Exception):
    """The demo cannot go on, or its result is wrong; the message says why."""


def environment(key: str) -> dict[str, str]:
    """Return an environment for the children: this key, and no setting of the user's."""
    inherited = {name: text for name, text in os.environ.items() if not _is_setting(name)}
    return {**inherited, KEY_VARIABLE: key, "PYTHONSAFEPATH": "1"}


@contextmanager
def server(environ: Mapping[str, str]) -> Generator[Address]:
    """Run a server on a free port of the loopback interface.

    Raises:
        DemoFailed: it did not start, or ended before it was told to.
    """
    options = ["--port", "0", "--log-level", "error", "--drain-timeout", "1"]
    process = _start("shared_state_server", ["serve", *options], environ)
    try:
        yield _address(process)
    except (OSError, SharedStateError) as error:
        if process.poll() is None:
            raise
        raise DemoFailed(f"the server ended with exit status {process.returncode}") from error
    finally:
        end([process])


def worker(number: int, environ: Mapping[str, str], address: Address) -> Process:
    """Start a worker process."""
    module = "shared_state.commands.demo.worker"
    return _start(module, [str(number)], {**environ, "SHARED_STATE_ADDRESS": str(address)})


def end(processes: list[Process]) -> None:
    """End processes, and wait until they are gone."""
    for process in processes:
        process.terminate()
    for process in processes:
        _wait(process)


def _start(module: str, arguments: list[str], environ: Mapping[str, str]) -> Process:
    return subprocess.Popen(  # noqa: S603  # our own interpreter and our own modules
        [sys.executable, "-m", module, *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _wait(process: Process) -> None:
    try:
        process.communicate(timeout=STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _address(server: Process) -> Address:
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line.startswith(LISTENING):
        raise DemoFailed(f"the server did not start; exit status {server.wait()}")
    return Address.parse(line.removeprefix(LISTENING).strip())


def _is_setting(name: str) -> bool:
    return name.startswith("SHARED_STATE_")
