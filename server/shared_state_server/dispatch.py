"""The dispatch table: from an operation's name on the wire to the method that carries it out.

It is made once, from the contracts and the behaviours. What a method wants is read from its
signature: one whose first parameter is `call` is told who asks; a constructor with `find` gets a
function that finds other objects' behaviours by name. Arguments are checked against the
contract before any behaviour sees them, nearly all of them by a look at their types.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from itertools import chain
from operator import itemgetter
from typing import Any

from shared_state_protocol.codec import PICKLE_MARK
from shared_state_protocol.contract import Operation, contract_name, operations
from shared_state_protocol.errors import EncodingError, FixTheCall, ProtocolError
from shared_state_protocol.shapes import Shape
from shared_state_protocol.state import State

__all__ = ["Row", "knows_nothing", "table_of"]


class Row:
    """One operation: what the contract promises and the method that keeps it.

    `method` is that of the behaviour's class. `knows` tells of arguments that need not be checked,
    but for the one at `value`, if there is: that may be a pickle. `is_plain` says that the method
    wants nothing but the arguments, and that its result is the answer; `is_alone` that it cannot be
    part of a batch.
    """

    __slots__ = (
        "_fence",
        "_names",
        "_shapes",
        "_values",
        "behaviour",
        "changes",
        "is_alone",
        "is_plain",
        "is_stream",
        "knows",
        "method",
        "name",
        "opens",
        "type",
        "value",
        "wants_call",
        "wants_find",
        "wire",
    )

    def __init__(
        self, type_name: str, behaviour: type, operation: Operation[..., Any], method: Any
    ) -> None:
        self.type = type_name
        self.behaviour = behaviour
        self.name = operation.name
        self.wire = operation.wire
        self.method = method
        self.opens = operation.opens
        self.changes = operation.changes
        self.is_stream = operation.is_stream
        wanted = inspect.signature(method).parameters
        self.wants_call = "call" in wanted
        self.wants_find = "find" in wanted
        self.is_plain = not (self.opens or self.is_stream or self.wants_call)
        self.is_alone = operation.can_be_undone or operation.is_stream or operation is State.batch
        self._fence = None if operation.fenced is None else operation.fenced.parameters[-1].shape
        self._names = [parameter.name for parameter in operation.parameters]
        self._shapes = [parameter.shape for parameter in operation.parameters]
        self._values = [at for at, shape in enumerate(self._shapes) if shape.carries_values]
        self.value = self._lone_value() if self.changes else None
        may_hide_pickles = self.changes and self._values and self.value is None
        self.knows = knows_nothing if may_hide_pickles else _knower(self._shapes)

    def _lone_value(self) -> int | None:
        """Return where the only value among the arguments is, if it is one by itself."""
        if len(self._values) != 1 or self._shapes[self._values[0]].accepted != (bytes,):
            return None
        return self._values[0]

    def check(self, arguments: list[Any]) -> None:
        """Let arguments through that have the contract's shapes.

        Raises:
            ProtocolError: they have not; a client of ours would not have sent them.
        """
        if len(arguments) != len(self._shapes):
            call = f"{self.wire}({', '.join(self._names)})"
            fence = "" if self._fence is None else ", with or without a fence"
            raise ProtocolError(f"expected {call}{fence}, got {len(arguments)} arguments")
        for position, (shape, argument) in enumerate(zip(self._shapes, arguments, strict=True)):
            if not shape.accepts(argument):
                raise ProtocolError(
                    f"{self.wire}: argument {position + 1} ({self._names[position]}) "
                    f"{_mismatch(shape, argument)}"
                )

    def take_fence(self, arguments: list[Any]) -> tuple[str, int] | None:
        """Take the fence off `arguments` and return it, if there is one behind all others."""
        fence = self._fence
        if fence is None or len(arguments) <= len(self._shapes) or not fence.accepts(arguments[-1]):
            return None
        lock, token = arguments.pop()
        return lock, token

    def refuse_pickles(self, arguments: list[Any]) -> None:
        """Refuse values that were pickled: this server does not keep such.

        Raises:
            EncodingError: there is one among `arguments`.
        """
        for position in self._values:
            argument = arguments[position]
            # `_has_pickle` written out for what nearly every value is.
            if argument[:1] == PICKLE_MARK if type(argument) is bytes else _has_pickle(argument):
                raise EncodingError("this server was started without --allow-pickle")


def _mismatch(shape: Shape, argument: Any) -> str:
    """Tell what was expected, and what came: by their types, as there may be much of it."""
    expected = shape.accepted or (list,)
    if type(argument) in expected:
        return "is a list of something else than the contract says"
    types = " or ".join(each.__name__ for each in expected)
    return f"has to be {types}, not {type(argument).__name__}"


def _knower(shapes: list[Shape]) -> Callable[[list[Any]], bool]:
    """Return what tells whether arguments are seen by their types to have these shapes.

    Unrolled for up to three, as nearly all operations have: a third of the time of the loop.
    """
    accepted = [shape.accepted for shape in shapes if shape.accepted is not None]
    if len(accepted) < len(shapes):
        return knows_nothing
    if not accepted:
        return lambda arguments: not arguments
    if len(accepted) == 1:
        (only,) = accepted
        return lambda arguments: len(arguments) == 1 and type(arguments[0]) in only
    if len(accepted) == 2:
        first, second = accepted
        return lambda arguments: (
            len(arguments) == 2 and type(arguments[0]) in first and type(arguments[1]) in second
        )
    if len(accepted) == 3:
        one, two, three = accepted
        return lambda arguments: (
            len(arguments) == 3
            and type(arguments[0]) in one
            and type(arguments[1]) in two
            and type(arguments[2]) in three
        )
    return lambda arguments: (
        len(arguments) == len(accepted)
        and all(type(each) in types for each, types in zip(arguments, accepted, strict=True))
    )


def knows_nothing(arguments: list[Any]) -> bool:
    """Have any arguments be checked one by one."""
    return False


def _has_pickle(argument: Any) -> bool:
    """Return whether there is a pickle in an argument, or in the lists in it.

    Level by level, each of them in C: there may be thousands of values.
    """
    level: list[Any] = [argument]
    while level:
        if PICKLE_MARK in map(_first_byte, _of_type(bytes, level)):
            return True
        level = list(chain.from_iterable(_of_type(list, level)))
    return False


_first_byte = itemgetter(slice(1))


def _of_type(kind: type, items: list[Any]) -> list[Any]:
    """Return the items of one type, which nearly always are none or all."""
    kinds = set(map(type, items))
    if kinds == {kind}:
        return items
    return [item for item in items if type(item) is kind] if kind in kinds else []


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
            method = behaviour if operation.opens else getattr(behaviour, operation.name, None)
            if method is None:
                raise FixTheCall(f"{behaviour.__name__} does not keep {operation.wire}")
            table[operation.wire] = Row(type_name, behaviour, operation, method)
    return table
