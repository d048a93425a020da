"""A real redis-server for the clients that speak to one: nothing kept on disk, TCP and Unix.

An array is the string of its bytes there.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.performance.peers import Transport, not_installed
from tests.performance.serving import Server, socket_folder

SERVER = "redis-server"
START_TIMEOUT_S = 10
POLL_INTERVAL_S = 0.01

MAX_CLIENTS = 12_000
"""Its own limit is 10,000, which one crowd of waiters alone would fill."""


@dataclass(frozen=True)
class OnRedisServer:
    """A client of redis-server, over one transport."""

    transport: Transport = "TCP"
    module: ClassVar[str]
    package: ClassVar[str]
    is_heavy = False

    def missing(self) -> str | None:
        if shutil.which(SERVER) is None:
            return f"no {SERVER} on the PATH"
        return not_installed(self.module, self.package)

    def serve(self) -> AbstractContextManager[Server]:
        return redis_server(self.transport)


def server_version() -> str:
    answer = subprocess.run([SERVER, "--version"], capture_output=True, text=True, check=True)
    return f"{SERVER} {answer.stdout.partition('v=')[2].split()[0]}"


@contextmanager
def redis_server(transport: Transport) -> Iterator[Server]:
    """Run a server; its address is a port, or the path of its Unix socket."""
    with socket_folder() as folder:
        port, path = free_port(), folder / "redis"
        process = subprocess.Popen(command(port, path), stdout=subprocess.DEVNULL)
        try:
            wait_until_listening(process, path)
            yield Server(process.pid, str(path) if transport == "Unix" else port)
        finally:
            process.terminate()
            process.wait()


def command(port: int, path: Path) -> list[str]:
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "unixsocket": str(path),
        "maxclients": str(MAX_CLIENTS),
        "save": "",
        "appendonly": "no",
    }
    return [SERVER, *(word for name, value in options.items() for word in (f"--{name}", value))]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until_listening(process: subprocess.Popen[bytes], path: Path) -> None:
    """The Unix socket is the last thing that redis-server opens before it serves."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{SERVER} did not start (exit code {process.returncode})")
        time.sleep(POLL_INTERVAL_S)
