"""Processes for as long as they are measured: servers, and whatever else has one of its own.

Each is spawned and shares nothing with the process that measures. A server tells its address on a
pipe once it listens. A peer whose server is not written in Python (Redis) starts that itself.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

STOP_TIMEOUT_S = 15
"""A process that has not ended by then is killed, so that a benchmark never hangs on a drain."""

SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Server:
    """A running server: whom to ask the kernel about, and where clients connect."""

    pid: int
    address: Any


@contextmanager
def child(target: Callable[..., None], *arguments: Any) -> Iterator[tuple[int, Connection]]:
    """Run `target(pipe, *arguments)` in a process of its own; yield its pid and our end."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield process.pid or 0, ours
    finally:
        ours.close()
        process.terminate()
        process.join(STOP_TIMEOUT_S)
        process.kill()
        process.join()


@contextmanager
def python_server(serve: Callable[..., None], *arguments: Any) -> Iterator[Server]:
    """Run `serve(ready, *arguments)` in a process of its own; it sends its address to `ready`."""
    with child(serve, *arguments) as (pid, listening):
        yield Server(pid, address_from(listening))


@contextmanager
def server_over(transport: str, serve: Callable[..., None]) -> Iterator[Server]:
    """Run `serve(ready, path)`: on a Unix socket at `path`, or over TCP if that is None."""
    with socket_folder() as folder:
        path = str(folder / "socket") if transport == "Unix" else None
        with python_server(serve, path) as server:
            yield server


def address_from(listening: Connection) -> Any:
    try:
        return listening.recv()
    except EOFError:
        raise RuntimeError("its server ended before it listened") from None


@contextmanager
def socket_folder() -> Iterator[Path]:
    """A folder for Unix sockets, with a path short enough for the 108 bytes of `sockaddr_un`."""
    with tempfile.TemporaryDirectory(prefix="performance-") as folder:
        yield Path(folder)
