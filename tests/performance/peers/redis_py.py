"""redis-py on a real redis-server: the server's own port and Unix socket, nothing kept on disk.

redis-py parses replies with hiredis where that is installed, which `version` says: it is the
faster way and the one that its users are advised to take. Pipelines are sent without
MULTI/EXEC, again the faster way.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.performance.peers import KEY, VALUE, Operation, Transport
from tests.performance.serving import Server, socket_folder

SERVER = "redis-server"
START_TIMEOUT_S = 10
POLL_INTERVAL_S = 0.01


@dataclass(frozen=True)
class Redis:
    transport: Transport
    product = "redis-py"

    def missing(self) -> str | None:
        if shutil.which(SERVER) is None:
            return f"no {SERVER} on the PATH"
        if importlib.util.find_spec("redis") is None:
            return "redis-py is not installed"
        return None

    def version(self) -> str:
        answer = subprocess.run([SERVER, "--version"], capture_output=True, text=True, check=True)
        server = answer.stdout.partition("v=")[2].split()[0]
        if importlib.util.find_spec("hiredis") is None:
            parser = "without hiredis"
        else:
            parser = f"with hiredis {importlib.metadata.version('hiredis')}"
        return f"redis-py {importlib.metadata.version('redis')} {parser}, {SERVER} {server}"

    @contextmanager
    def serve(self) -> Iterator[Server]:
        with socket_folder() as folder:
            port, path = free_port(), folder / "redis"
            process = subprocess.Popen(command(port, path), stdout=subprocess.DEVNULL)
            try:
                wait_until_listening(process, path)
                yield Server(process.pid, str(path) if self.transport == "Unix" else port)
            finally:
                process.terminate()
                process.wait()

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        client = connect(address)
        return (functools.partial(client.set, KEY, VALUE), functools.partial(client.get, KEY))

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        client = connect(address)

        def pipeline() -> None:
            with client.pipeline(transaction=False) as requests:
                for _ in range(size // 2):
                    requests.set(KEY, VALUE)
                    requests.get(KEY)
                requests.execute()

        return (pipeline,)

    def idle_clients(self, address: Any, count: int) -> list[Any]:
        clients = [connect(address) for _ in range(count)]
        for client in clients:
            client.set(KEY, VALUE)
        return clients


def command(port: int, path: Path) -> list[str]:
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "unixsocket": str(path),
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


def connect(address: Any) -> Any:
    """A client with one connection that it keeps, as one process needs it."""
    redis = importlib.import_module("redis")  # by name: the type checkers need not have it
    if isinstance(address, str):
        return redis.Redis(unix_socket_path=address)
    return redis.Redis(host="127.0.0.1", port=address)
