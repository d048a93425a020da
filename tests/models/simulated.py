"""A service without sockets: the client's own classes, over one simulated connection.

``Queue("q", Simulated())`` is fast enough for thousands of examples, and has all of the server but
its sockets: what it finds is wrong with the contract, the shapes, the service or the behaviour.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import Arguments, Caller, Made, Operation

from ..fixtures.simulation import Simulation

__all__ = ["Simulated"]

_codec = Codec()


class Simulated:
    """Sends the operations of objects to a service on virtual time, which answers at once."""

    def __init__(self) -> None:
        self.callers: Made[Operation[..., Any], Caller] = Made(
            lambda operation: partial(self._call, operation)
        )
        self._simulation = Simulation()
        self.peer = self._simulation.peer()

    def lose(self) -> None:
        """Be given up by the service, and come back."""
        self.peer.die()
        self.peer = self.peer.connect_again()

    def _call(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Any:
        """Carry out one operation."""
        encoded = operation.encoder(_codec)(arguments)
        number = self.peer.ask(operation.wire, name, *encoded, acknowledged=self.peer.previous)
        self._simulation.pass_time(0.0)  # ends waits of no time at all
        result = self.peer.outcome(number)
        if operation.confirms:
            self.peer.confirm(number)
        return operation.decoder(_codec)(result, arguments)
