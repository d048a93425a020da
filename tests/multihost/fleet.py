"""The test host's hands: hosts that take its orders, and a cable that it can pull.

Nothing here sleeps. Every order is answered once it is carried out, and whoever waits for
something waits for that thing itself, up to `DEADLINE_S`.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from tests.multihost.cable import DONE
from tests.multihost.claimer import CLAIMING
from tests.multihost.holder import HOLDING
from tests.multihost.host import ARRIVALS, Introduction, answers_of, orders_of
from tests.multihost.waiter import ENDED, PARKED

if TYPE_CHECKING:
    import shared_state

DEADLINE_S = 60.0
"""Far above everything that is waited for here, on the slowest of machines."""

PEER_TIMEOUT_S = float(os.environ.get("SHARED_STATE_PEER_TIMEOUT", "nan"))
SESSION_GRACE_S = float(os.environ.get("SHARED_STATE_SESSION_GRACE", "nan"))
"""What the server was started with."""

PRODUCERS = ("producer-1", "producer-2")
WORKERS = ("worker-1", "worker-2", "worker-3")


class Host:
    """A host that takes orders."""

    def __init__(self, client: shared_state.Client, introduction: Introduction) -> None:
        self.name = introduction["host"]
        self.address = introduction["address"]
        self.python = introduction["python"]
        self._orders = client.queue(orders_of(self.name))
        self._answers = client.queue(answers_of(self.name))

    def start(self, label: str, program: str, *arguments: str) -> int:
        """Start `program` as a process of its own; return its id."""
        return self._order("start", label, program, *arguments)

    def kill(self, label: str) -> None:
        """`kill -9` the process; it is gone when this returns."""
        self._order("kill", label)

    def finish(self, label: str) -> int:
        """Wait for the end of the process; return its exit code."""
        return self._order("finish", label)

    def _order(self, *order: str) -> int:
        self._orders.put(order)
        answer: int = self._answers.get(timeout=DEADLINE_S)
        return answer


def assemble(client: shared_state.Client) -> dict[str, Host]:
    """Wait until all hosts are there; return them by name."""
    arrivals = client.queue(ARRIVALS)
    arrived = (Host(client, arrivals.get(timeout=DEADLINE_S)) for _ in PRODUCERS + WORKERS)
    return {host.name: host for host in arrived}


def park(client: shared_state.Client, host: Host, label: str, *wait: str) -> None:
    """Start one that waits; when this returns, the server has parked its request."""
    host.start(label, "waiter", *wait)
    assert client.queue(PARKED).get(timeout=DEADLINE_S) == label


def hold(client: shared_state.Client, host: Host, label: str, lock: str) -> int:
    """Start one that holds `lock`; when this returns, it does. Return its process id."""
    pid = host.start(label, "holder", lock)
    assert client.queue(HOLDING).get(timeout=DEADLINE_S) == label
    return pid


def claim(client: shared_state.Client, host: Host, label: str, queue: str) -> None:
    """Start one that claims an item of `queue`; when this returns, it has one."""
    host.start(label, "claimer", queue)
    assert client.queue(CLAIMING).get(timeout=DEADLINE_S) == label


def expect_end(client: shared_state.Client, label: str, result: object, patience: float) -> None:
    """Wait until one that waits has got what it waited for."""
    assert client.queue(ENDED).get(timeout=patience) == (label, result)


class Cable:
    """The network cable of one host; see `cable.py`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def cut(self) -> None:
        self._say(b"cut\n")

    def mend(self) -> None:
        self._say(b"mend\n")

    def close_firewall(self, how: str) -> None:
        """Close it: ``drop`` or ``reset``, and ``in``, ``out`` or (drop only) ``both``."""
        self._say(f"{how}\n".encode())

    def _say(self, word: bytes) -> None:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(DEADLINE_S)
            wire.connect(self._path)
            wire.sendall(word)
            answer = wire.recv(len(DONE))
        if answer != DONE:
            raise ConnectionError(f"the cable at {self._path} did not obey {word!r}")
