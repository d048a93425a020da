"""A server process for as long as it is measured.

Servers written in Python are spawned here: the process serves, tells its address on a pipe once
it listens, and is ended by SIGTERM. A peer with a server of its own (Redis) starts that itself.
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
"""A server that has not ended by then is killed, so that a benchmark never hangs on a drain."""

SPAWN = multiprocessing.get_context("spawn")
"""Servers and clients share nothing with the process that measures: no fork."""


@dataclass(frozen=True)
class Server:
    """A running server: whom to ask the kernel about, and where clients connect."""

    pid: int
    address: Any


@contextmanager
def python_server(serve: Callable[..., None], *arguments: Any) -> Iterator[Server]:
    """Run `serve(ready, *arguments)` in a process of its own; it sends its address to `ready`."""
    listening, ready = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=serve, args=(ready, *arguments), daemon=True)
    process.start()
    ready.close()
    try:
        yield Server(process.pid or 0, address_from(listening))
    finally:
        process.terminate()
        process.join(STOP_TIMEOUT_S)
        process.kill()
        process.join()


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
