"""The dispatch table: from an operation's name on the wire to the method that carries it out.

It is made once, from the contracts and the behaviours. What a method wants is read from its
signature: one whose first parameter is `call` is told who asks; a constructor with `find` gets a
function that finds other objects' behaviours by name. Arguments are checked against the
contract before any behaviour sees them; the types of arguments that have passed are remembered, so
that nearly every request is checked by one look into a set.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from shared_state_protocol.codec import is_pickled
from shared_state_protocol.contract import Operation, contract_name, operations
from shared_state_protocol.errors import EncodingError, FixTheCall, ProtocolError
from shared_state_protocol.shapes import Block

__all__ = ["OPEN", "Row", "table_of"]

OPEN = "open"
"""The operation of every contract that creates the object."""


class Row:
    """One operation: what the contract promises and the method that keeps it.

    `passed` has the types of arguments that need not be checked again; `is_plain` says that the
    method wants nothing but the arguments, and that its result is the answer; `is_alone` that it
    cannot be part of a batch; `is_packed` that its result may be large.
    """

    __slots__ = (
        "_shapes",
        "_values",
        "batched",
        "behaviour",
        "changes",
        "is_alone",
        "is_packed",
        "is_plain",
        "name",
        "opens",
        "passed",
        "type",
        "wants_call",
        "wants_find",
    )

    def __init__(
        self, type_name: str, behaviour: type, operation: Operation[..., Any], method: Any
    ) -> None:
        self.type = type_name
        self.behaviour = behaviour
        self.name = operation.name
        self.opens = operation.name == OPEN
        self.changes = operation.changes
        self.batched = operation.batched
        wanted = inspect.signature(method).parameters
        self.wants_call = "call" in wanted
        self.wants_find = "find" in wanted
        self.is_alone = operation.waits or operation.confirms or operation.batched
        self.is_packed = isinstance(operation.result, Block)
        self.is_plain = not (self.opens or self.batched or self.wants_call)
        self._shapes = [parameter.shape for parameter in operation.parameters]
        self._values = [at for at, shape in enumerate(self._shapes) if not shape.verbatim]
        self.passed: set[tuple[type, ...]] = set()

    def check(self, arguments: list[Any]) -> None:
        """Let arguments through that have the contract's shapes; make bytes of other views.

        Raises:
            ProtocolError: they have not; a client of ours would not have sent them.
        """
        if len(arguments) != len(self._shapes):
            raise ProtocolError(f"expected {len(self._shapes)} arguments, got {len(arguments)}")
        for at, shape in enumerate(self._shapes):
            if type(arguments[at]) is memoryview and not shape.accepts(arguments[at]):
                arguments[at] = bytes(arguments[at])  # it is kept, and would keep what it views
            if not shape.accepts(arguments[at]):
                raise ProtocolError(f"argument {at + 1} has the wrong shape")
        if all(shape.flat for shape in self._shapes):
            self.passed.add((*map(type, arguments),))

    def refuse_pickles(self, arguments: list[Any]) -> None:
        """Refuse values that were pickled: this server does not keep such.

        Raises:
            EncodingError: there is one among `arguments`.
        """
        for position in self._values:
            if _has_pickle(arguments[position]):
                raise EncodingError("this server was started without --allow-pickle")


def _has_pickle(argument: Any) -> bool:
    if type(argument) is list:
        return any(map(_has_pickle, argument))  # pyright: ignore[reportUnknownArgumentType]  # of whatever
    return type(argument) is bytes and is_pickled(argument)


def table_of(pairs: Iterable[tuple[type, type]]) -> dict[str, Row]:
    """Make the table of (contract, behaviour) pairs.

    Raises:
        FixTheCall: a behaviour lacks an operation of its contract.
    """
    table: dict[str, Row] = {}
    for contract, behaviour in pairs:
        type_name = contract_name(contract)
        for operation in operations(contract):
            if not operation.wire.startswith(f"{type_name}."):
                continue  # inherited: the row of the contract that declares it serves both
            method = (
                behaviour if operation.name == OPEN else getattr(behaviour, operation.name, None)
            )
            if method is None:
                raise FixTheCall(f"{behaviour.__name__} does not keep {operation.wire}")
            table[operation.wire] = Row(type_name, behaviour, operation, method)
    return table
