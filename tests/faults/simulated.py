"""A simulated process: what a client does about replies, breaks and its own end, on virtual time.

It keeps the rules that both clients keep: it confirms a delivery when it has read it, sends again
what is not answered when it has connected again, and cancels what its caller gave up. Frames that
it has not read are lost with its connection.
"""

from __future__ import annotations

from typing import Any

from ..fixtures.simulation import Peer, Simulation

__all__ = ["SimulatedProcess"]


class SimulatedProcess:
    """One process with one connection, which may be lost.

    `pending` has the requests whose reply was not read, by number.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.peer: Peer | None = simulation.peer()
        self.pending: dict[int, tuple[Any, ...]] = {}
        self._last = self.peer

    def ask(self, *request: Any) -> None:
        """Send a request; its reply is there to be read when it comes."""
        assert self.peer is not None
        first_missing = min(self.pending, default=self.peer.previous + 1)
        number = self.peer.ask(*request, acknowledged=first_missing - 1)
        self.pending[number] = request

    def read(self) -> list[tuple[tuple[Any, ...], Any]]:
        """Read what has arrived: pairs of a request and its result, or its exception."""
        assert self.peer is not None
        read = []
        for number in [each for each in self.pending if each in self.peer.replies]:
            request = self.pending.pop(number)
            read.append((request, self._outcome(number)))
            if request[0] == "queue.get":
                self.peer.confirm(number)
        return read

    def give_up(self) -> tuple[Any, ...]:
        """Cancel the oldest request that has no reply as yet, and return it."""
        assert self.peer is not None
        number = next(iter(self.pending))
        self.peer.cancel(number)
        return self.pending.pop(number)

    def lose(self) -> None:
        """Lose the connection, and what it carried."""
        assert self.peer is not None
        self.peer.lose()
        self.peer = None

    def come_back(self) -> list[tuple[Any, ...]]:
        """Connect again and send again what is not answered; return what must not be sent."""
        self.peer = self._last = self._last.connect_again()
        if not self.peer.was_known:
            unknown, self.pending = list(self.pending.values()), {}
            return unknown
        for number in self.pending:
            self.peer.ask_again(number)
        return []

    def die(self) -> list[tuple[Any, ...]]:
        """End without a word; return what had no reply."""
        if self.peer is not None:
            self.peer.die()
            self.peer = None
        return list(self.pending.values())

    def _outcome(self, number: int) -> Any:
        assert self.peer is not None
        try:
            return self.peer.outcome(number)
        except Exception as error:  # noqa: BLE001  # an outcome like any other
            return error
