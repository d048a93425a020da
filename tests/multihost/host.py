"""What runs on every producer and worker: it takes orders from the test host.

Orders come over the product itself, from a queue that belongs to this host, and each is answered
in a second one. An order starts a program of this folder as a process of its own, kills such a
process the hard way, or waits for its end. The process that takes orders lives on, so that a host
is still there to answer when one of its programs was killed, or when its cable was cut.
"""

from __future__ import annotations

import logging
import platform
import socket
import subprocess
import sys
import time

import shared_state

ARRIVALS = "arrivals"
"""The queue in which every host introduces itself."""

RETRY_INTERVAL_S = 1.0
"""Between two looks whether the cable is back."""

Order = tuple[str, ...]
Introduction = dict[str, str]

log = logging.getLogger(__name__)


def orders_of(host: str) -> str:
    return f"orders of {host}"


def answers_of(host: str) -> str:
    return f"answers of {host}"


def introduction() -> Introduction:
    """Who this is, where it is, and which Python it runs."""
    name = socket.gethostname()
    return {
        "host": name,
        "address": socket.gethostbyname(name),
        "python": platform.python_version(),
    }


class Programs:
    """The processes of this host, by the label that the order gave them."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def obey(self, order: Order) -> int:
        """Do what `order` says; the answer is a process id or an exit code."""
        log.info("%s", order)
        match order:
            case ("start", label, program, *arguments):
                return self._start(label, program, arguments)
            case ("kill", label):
                self._running[label].kill()
                return self._finish(label)
            case ("finish", label):
                return self._finish(label)
            case _:
                raise ValueError(f"not an order: {order!r}")

    def _start(self, label: str, program: str, arguments: list[str]) -> int:
        command = [sys.executable, "-m", f"tests.multihost.{program}", label, *arguments]
        self._running[label] = process = subprocess.Popen(command)
        return process.pid

    def _finish(self, label: str) -> int:
        return self._running.pop(label).wait()


def take_orders(client: shared_state.Client, host: str) -> None:
    orders = client.queue(orders_of(host))
    answers = client.queue(answers_of(host))
    programs = Programs()
    client.queue(ARRIVALS).put(introduction())
    while True:
        answers.put(programs.obey(next_order(orders)))


def next_order(orders: shared_state.Queue[Order]) -> Order:
    """Wait for an order, for as long as the cable may be out."""
    while True:
        try:
            return orders.get()
        except shared_state.OutcomeUnknown:
            log.info("cut off for so long that the server gave this host up; here again")
        except OSError as error:
            log.info("no way to the server: %s", error)
            time.sleep(RETRY_INTERVAL_S)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with shared_state.connect() as client:
        take_orders(client, socket.gethostname())
