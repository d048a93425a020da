"""A behaviour without a server: the client's own classes, carried out in the same call.

``Dict("d", Direct(behaviour))`` encodes its arguments, hands them to the behaviour as a server
would, and decodes the result. That is fast enough for thousands of examples, and what it finds is
wrong with the contract, the shapes or the behaviour, and nothing else.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import Arguments, Caller, Made, Operation
from shared_state_protocol.errors import from_wire, to_wire

__all__ = ["Direct"]

_codec = Codec()


class Direct:
    """Carries out the operations of one object on its behaviour."""

    address = "no server"  # `repr` of a shared object tells where it is

    def __init__(self, behaviour: object) -> None:
        self.callers: Made[Operation[..., Any], Caller] = Made(
            lambda operation: partial(self._call, operation)
        )
        self._behaviour = behaviour

    def _call(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Any:
        """Carry out one operation."""
        encoded = operation.encoder(_codec)(arguments)
        for parameter, argument in zip(operation.parameters, encoded, strict=True):
            assert parameter.shape.accepts(argument)
        try:
            result = getattr(self._behaviour, operation.name)(*encoded)
        except Exception as error:
            raise _as_it_arrives(error) from error
        found = operation.decoder(_codec)(result, arguments)
        return iter(found) if operation.is_stream else found


def _as_it_arrives(error: Exception) -> Exception:
    named = to_wire(error)
    assert named is not None, f"{error!r} has no name on the wire"
    name, arguments = named
    return from_wire(name, [_codec.decode(a) if type(a) is bytes else a for a in arguments])
