"""`python -m tests.performance.profiling`: what one set or get costs, in what can be counted.

Instructions in user mode (cachegrind), system calls (strace), and the kernel's own account of CPU
time and of how often a process waited (`wait4`), of a client and its server, for one client that
sets and gets in turn. Each is the difference of two runs that differ only in the number of
operations, so that what comes before and after them is not in it. Instructions and calls are the
same on a busy machine; needs valgrind and strace.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.performance.peers import SetsAndGets, echo, shared_state, stdlib, uvloop_echo
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.redis_server import command, free_port, wait_until_listening
from tests.performance.serving import socket_folder
from tests.performance.table import markdown_table

MODULE = [sys.executable, "-m", "tests.performance.profiling"]

SLEEPING = {"busy_poll": 0.0}
"""Who waits sleeps at once. How often a process looks before it does depends on the hour."""

SERVERS: dict[str, tuple[Callable[[Any], SetsAndGets], Callable[..., None]]] = {
    "echo": (echo.Echo, echo.echo),
    "uvloop": (uvloop_echo.UvloopEcho, uvloop_echo.echo),
    "stdlib": (stdlib.StandardLibrary, stdlib.serve),
    "shared-state": (
        partial(shared_state.SharedState, options=SLEEPING),
        lambda ready, path: shared_state.serve(ready, **SLEEPING),
    ),
}
REDIS = "redis"
FEW, MANY = 200, 6200
"""Operations of the two runs under a tool; starting Python is as much as 30,000 of them."""
FEW_FREE, MANY_FREE = 1000, 41_000
"""The same without one, for the clock of the kernel."""

SELDOM = 0.05
"""System calls for each operation; rarer ones are not named."""

HEADER = (
    "peer",
    "side",
    "user instructions",
    "system calls",
    "waits",
    "user µs",
    "kernel µs",
    "kernel share",
    "calls",
)


@dataclass(frozen=True)
class Usage:
    """What a process took, from its start to its end."""

    user: float
    kernel: float
    waits: int
    log: str  # of the tool that it ran under


class Ready:
    """Stands for the pipe on which a server tells its address."""

    @staticmethod
    def send(address: Any) -> None:
        print(json.dumps([os.getpid(), address]), flush=True)


class Run:
    """A process, maybe under a tool that writes a log."""

    def __init__(self, tool: Sequence[str], words: Sequence[str], log: Path) -> None:
        self._log = log
        prefix = [word.replace("LOG", str(log)) for word in tool]
        self.process = subprocess.Popen(
            [*prefix, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": "0"},  # or starts differ by 1,000 operations
        )

    def end(self) -> Usage:
        """Wait for its end."""
        _, _, used = os.wait4(self.process.pid, 0)
        log = self._log.read_text() if self._log.exists() else ""
        return Usage(used.ru_utime, used.ru_stime, used.ru_nvcsw, log)


@contextmanager
def server(tool: Sequence[str], name: str, transport: str, folder: Path) -> Iterator[Any]:
    """Run a server; yields its address, and its run, to be ended by a signal to its own pid."""
    log = folder / "server.log"
    if name == REDIS:
        port, path = free_port(), folder / "redis"
        run = Run(tool, [*command(port, path), "--pidfile", str(folder / "pid")], log)
        wait_until_listening(run.process, path)
        pid, address = child_of(run.process.pid), str(path) if transport == "Unix" else port
    else:
        run = Run(tool, [*MODULE, "serve", name, str(folder / "s") * (transport == "Unix")], log)
        assert run.process.stdout is not None
        pid, address = json.loads(run.process.stdout.readline())
    yield address, run
    os.kill(pid, signal.SIGTERM)


def child_of(pid: int) -> int:
    """Return the process that a tool runs, or the process itself."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


def both(tool: Sequence[str], name: str, transport: str, count: int) -> tuple[Usage, Usage]:
    """Return what client and server took for so many operations."""
    with socket_folder() as folder:
        with server(tool, name, transport, folder) as (address, served):
            words = [*MODULE, "work", name, transport, json.dumps(address), str(count)]
            client = Run(tool, words, folder / "client.log").end()
        return client, served.end()


def serve(name: str, path: str) -> None:
    SERVERS[name][1](Ready, path or None)


def work(name: str, transport: Any, address: str, count: str) -> None:
    peer: SetsAndGets = Redis(transport) if name == REDIS else SERVERS[name][0](transport)
    found = json.loads(address)
    operations = peer.set_and_get(tuple(found) if isinstance(found, list) else found)
    for _ in range(int(count) // 2):
        for operation in operations:
            operation()


CACHEGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
TOOLS = {
    "instructions": (*CACHEGRIND, "--log-file=LOG"),
    "calls": ("strace", "-f", "-c", "-o", "LOG"),
}


def instructions(log: str) -> int:
    found = re.search(r"I\s+refs:\s+([\d,]+)", log)
    assert found, log
    return int(found.group(1).replace(",", ""))


def calls(log: str) -> dict[str, int]:
    """Return how often each system call was made."""
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", log, re.MULTILINE)
    return {name: int(count) for count, name in rows if name != "total"}


def profile(name: str, transport: str) -> list[Sequence[str]]:
    """Return a row for the client and one for the server."""
    counted = {
        tool: [both(words, name, transport, count) for count in (FEW, MANY)]
        for tool, words in TOOLS.items()
    }
    free = [both((), name, transport, count) for count in (FEW_FREE, MANY_FREE)]
    return [
        (
            f"{name}, {transport}",
            who,
            *row(*(each[side] for runs in (*counted.values(), free) for each in runs)),
        )
        for side, who in enumerate(("client", "server"))
    ]


def row(
    few: Usage, many: Usage, few_calls: Usage, many_calls: Usage, begin: Usage, end: Usage
) -> Sequence[str]:
    """Return what one operation takes: under cachegrind, under strace, and by itself."""
    executed = (instructions(many.log) - instructions(few.log)) / (MANY - FEW)
    before = calls(few_calls.log)
    made = {
        call: (count - before.get(call, 0)) / (MANY - FEW)
        for call, count in calls(many_calls.log).items()
    }
    count = MANY_FREE - FEW_FREE
    user, kernel = (end.user - begin.user) / count, (end.kernel - begin.kernel) / count
    return (
        f"{executed:,.0f}",
        f"{sum(made.values()):.2f}",
        f"{(end.waits - begin.waits) / count:.2f}",
        f"{user * 1e6:.1f}",
        f"{kernel * 1e6:.1f}",
        f"{kernel / (user + kernel):.0%}",
        ", ".join(f"{call} {times:.2f}" for call, times in made.items() if times >= SELDOM),
    )


def profile_all() -> None:
    rows: list[Sequence[str]] = []
    for name in (*SERVERS, REDIS):
        for transport in ("TCP", "Unix"):
            rows += profile(name, transport)
    print(markdown_table(HEADER, rows))


if __name__ == "__main__":
    _, *words = sys.argv
    if not words:
        profile_all()
    else:
        commands: dict[str, Callable[..., None]] = {"serve": serve, "work": work}
        commands[words[0]](*words[1:])
