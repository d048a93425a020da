"""Contracts: how an object type is written, once.

A contract is a class whose methods have a signature, a docstring and no body::

    class Dict(Generic[K, V]):
        @command
        def set(self, key: K, value: V) -> None:
            \"\"\"Store `value` under `key`.\"\"\"

The same line is read in four ways: on a blocking client ``Dict.set`` is a method that returns
``None``; on an async client one that returns an awaitable of ``None``; on the server it is the row
``dict.set`` of the dispatch table; in the documentation it is a signature and its text. What each
parameter and the result are on the wire is read from the annotations (see `shapes`).

Six kinds of promise:

* `query` only reads;
* `command` changes the object: the server remembers its reply until the client has it;
* `waiting` is a command that may have to wait for others;
* `delivery` is a waiting command whose reply carries what is nowhere else any more: the client
  confirms that it arrived, and it goes back where it was if the client dies first;
* `handover` is a delivery that never waits;
* `stream` is a query whose result comes in batches.

A command with the parameter ``*, fence: Fence = None`` may be guarded by a lock (see `grants`).
Only a call that has a fence sends it, behind all other arguments, and pays for it; the server takes
it off again and checks it before the behaviour is called.

Methods are made once, when a class joins a contract with a holder (`Blocking` or `Awaiting`), so
that a call pays for no descriptor.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from .codec import Codec
from .shapes import Calling, Default, FencedBy, Shape, shape_of

__all__ = [
    "Arguments",
    "Awaiting",
    "Blocking",
    "Bound",
    "Operation",
    "Parameter",
    "command",
    "contract_name",
    "delivery",
    "handover",
    "operations",
    "query",
    "stream",
    "waiting",
]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

Arguments = tuple[Any, ...]

FENCE = "fence"
"""The name of every parameter that is a fence; it is given by keyword alone."""


class Parameter:
    """One parameter of an operation: its name, its shape, and its default if it has one."""

    __slots__ = ("default", "name", "shape")

    def __init__(self, name: str, shape: Shape, default: Any) -> None:
        self.name = name
        self.shape = shape
        self.default = default


class Operation(Generic[P, R]):
    """One promise of a contract.

    `wire` is its name on the wire, as ``dict.set``; `changes`, `waits`, `confirms` and `batched`
    say which kind of promise it is; `wants_agent` that the client is to fill in who calls.
    `fenced` is the same promise with a fence as its last argument, if it may be guarded.
    """

    changes = False
    waits = False
    confirms = False
    batched = False

    name: str
    wire: str
    parameters: tuple[Parameter, ...]
    result: Shape
    fenced: Operation[P, R] | None

    def __init__(self, declaration: Callable[Concatenate[Any, P], R]) -> None:
        self.declaration = declaration
        self.__doc__ = declaration.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.wire = f"{contract_name(owner)}.{name}"
        hints = _hints_of(self.declaration)
        declared = list(inspect.signature(self.declaration).parameters.values())[1:]
        parameters = [
            Parameter(each.name, shape_of(hints[each.name]), each.default) for each in declared
        ]
        self.result = shape_of(self._result_annotation(hints["return"]))
        fences = [each for each in parameters if isinstance(each.shape, FencedBy)]
        self._take([each for each in parameters if each not in fences])
        self.fenced = self._with(fences) if fences else None

    def _with(self, fences: list[Parameter]) -> Operation[P, R]:
        fenced = type(self)(self.declaration)
        vars(fenced).update(vars(self), fenced=None)
        fenced._take([*self.parameters, *fences])
        return fenced

    def _take(self, parameters: list[Parameter]) -> None:
        """Have these parameters, and know those that mean something to clients."""
        self.parameters = tuple(parameters)
        self.encode = _encoder([parameter.shape for parameter in self.parameters])
        self._defaults = tuple(
            each.default for each in self.parameters if each.default is not inspect.Parameter.empty
        )
        self._default = self._position(lambda each: isinstance(each.shape, Default))
        self._block = self._position(lambda each: each.name == "block")
        self._timeout = self._position(lambda each: each.name == "timeout")
        self._agent = self._position(lambda each: isinstance(each.shape, Calling))
        self.wants_agent = self._agent is not None

    def _position(self, is_it: Callable[[Parameter], bool]) -> int | None:
        return next((i for i, each in enumerate(self.parameters) if is_it(each)), None)

    def _result_annotation(self, annotation: Any) -> Any:
        return annotation

    def __call__(self, bound: Bound, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the operation on a bound object: ``Dict.set(config, "rate", 10)``."""
        if self.fenced is not None and FENCE in kwargs:
            if kwargs[FENCE] is not None:
                return self.fenced(bound, *args, **kwargs)
            del kwargs[FENCE]
        arguments: Arguments = args
        if kwargs or len(args) != len(self.parameters):
            arguments = self.lay_out(args, kwargs)
        return bound.client.call(self, bound.name, arguments)

    def decode(self, wire: Any, arguments: Arguments, codec: Codec) -> Any:
        """Return the result that `wire` stands for, in answer to a call with `arguments`."""
        if wire is None and self._default is not None:
            return arguments[self._default]
        if self.result.verbatim:
            return wire
        return self.result.decode(wire, codec)

    def lay_out(self, args: Arguments, kwargs: dict[str, Any]) -> Arguments:
        """Put the arguments of one call in the order of the declaration.

        By hand, because `inspect.Signature.bind` costs 16 µs.
        """
        missing = len(self.parameters) - len(args)
        if not kwargs and 0 < missing <= len(self._defaults):
            return args + self._defaults[-missing:]
        laid = list(args)
        for parameter in self.parameters[len(args) :]:
            value = kwargs.pop(parameter.name, parameter.default)
            if value is inspect.Parameter.empty:
                raise TypeError(f"{self.wire}() is missing its argument {parameter.name!r}")
            laid.append(value)
        if kwargs:
            raise TypeError(f"{self.wire}() takes no argument {next(iter(kwargs))!r} there")
        if len(laid) != len(self.parameters):
            raise TypeError(
                f"{self.wire}() takes {len(self.parameters)} arguments, {len(laid)} were given"
            )
        return tuple(laid)

    def with_agent(self, arguments: Arguments, agent: int) -> Arguments:
        """Return `arguments` with the thread or task that calls in its place."""
        position = self._agent
        if position is None:
            return arguments
        return (*arguments[:position], agent, *arguments[position + 1 :])

    def may_wait(self, arguments: Arguments) -> bool:
        """Return whether a call with `arguments` may have to wait for others."""
        return self.waits and (self._block is None or bool(arguments[self._block]))

    def timeout_of(self, arguments: Arguments) -> float | None:
        """Return for how many seconds a call with `arguments` may wait; None is for ever."""
        timeout = None if self._timeout is None else arguments[self._timeout]
        return None if timeout is None or timeout < 0 else float(timeout)

    def less_timeout(self, arguments: Arguments, seconds: float) -> Arguments:
        """Return `arguments` with so many `seconds` less to wait."""
        timeout, position = self.timeout_of(arguments), self._timeout
        if timeout is None or position is None:
            return arguments
        left = max(timeout - seconds, 0.0)
        return (*arguments[:position], left, *arguments[position + 1 :])

    def method(self) -> Callable[..., Any]:
        """Make the method that stands for this operation on a bound object."""
        operation, arity, lay_out = self, len(self.parameters), self.lay_out

        def method(self: Bound, *args: Any, **kwargs: Any) -> Any:
            if kwargs:
                return operation(self, *args, **kwargs)
            if len(args) != arity:
                args = lay_out(args, kwargs)
            return self.client.call(operation, self.name, args)

        method.__name__ = self.name
        method.__qualname__ = self.declaration.__qualname__
        method.__doc__ = self.__doc__
        method.__wrapped__ = self.declaration  # type: ignore[attr-defined]  # read by inspect
        return method


def _hints_of(declaration: Any) -> dict[str, Any]:
    """Return the resolved annotations of a function, as they are written.

    Without its defaults: where one is None, Python 3.10 makes ``V`` into ``V | None``.
    """
    bare = types.FunctionType(declaration.__code__, declaration.__globals__)
    bare.__annotations__ = declaration.__annotations__
    return typing.get_type_hints(bare, include_extras=True)


def _encoder(shapes: list[Shape]) -> Callable[[Arguments, Codec], Arguments]:
    """Make the function that encodes the arguments of a call.

    Unrolled for up to three arguments: 0.3 µs instead of 1 µs for the loop.
    """
    if not shapes:
        return lambda arguments, codec: ()
    if len(shapes) == 1:
        only = shapes[0].encode
        return lambda arguments, codec: (only(arguments[0], codec),)
    if len(shapes) == 2:  # unrolled
        first, second = shapes[0].encode, shapes[1].encode
        return lambda arguments, codec: (
            first(arguments[0], codec),
            second(arguments[1], codec),
        )
    if len(shapes) == 3:  # for locks
        one, two, three = shapes[0].encode, shapes[1].encode, shapes[2].encode
        return lambda arguments, codec: (
            one(arguments[0], codec),
            two(arguments[1], codec),
            three(arguments[2], codec),
        )
    return lambda arguments, codec: tuple(
        shape.encode(argument, codec) for shape, argument in zip(shapes, arguments, strict=True)
    )


class _Once(Operation[P, R]):
    """An operation that is answered once."""

    @overload
    def __get__(self, instance: None, owner: type) -> Operation[P, R]: ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, instance: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self


class query(_Once[P, R]):
    """An operation that only reads."""


class command(_Once[P, R]):
    """An operation that changes the object, and so is journaled."""

    changes = True


class waiting(command[P, R]):
    """A command that may have to wait."""

    waits = True


class delivery(waiting[P, R]):
    """A waiting command whose reply carries what is nowhere else any more."""

    confirms = True


class handover(command[P, R]):
    """A delivery that never waits."""

    confirms = True


class stream(Operation[P, Iterator[T]]):
    """A query whose result, ``Iterator[T]``, comes in batches: an array of ``T`` each."""

    batched = True

    def _result_annotation(self, annotation: Any) -> Any:
        return list[typing.get_args(annotation)[0]]  # type: ignore[misc]  # built at run time

    @overload
    def __get__(self, instance: None, owner: type) -> Operation[P, Iterator[T]]: ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, instance: Awaiting, owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self


def contract_name(contract: type) -> str:
    """Return the contract's name in lower case: ``LifoQueue`` is ``lifo_queue``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", contract.__name__).lower()


def operations(contract: type) -> Iterator[Operation[..., Any]]:
    """Yield what `contract` promises: what it inherits first, each in the order it was written.

    An operation that a contract declares again takes the place of the one that it inherits.
    """
    promised: dict[str, Operation[..., Any]] = {}
    for each in reversed(contract.__mro__):
        promised.update(
            (name, value)  # pyright: ignore[reportUnknownArgumentType]  # of any operation
            for name, value in vars(each).items()
            if isinstance(value, Operation)
        )
    yield from promised.values()


class Calls(Protocol):
    """Whoever sends the requests of bound objects."""

    def call(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Any:
        """Send one request; return its result, or an awaitable or iterator of it."""


class Bound:
    """An object of some contract, bound to the client that can reach it."""

    __slots__ = ("client", "name")

    def __init__(self, name: str, client: Calls) -> None:
        self.name = name
        self.client = client

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for operation in operations(cls):
            # An operation that a class writes differently for its users keeps their version.
            if inspect.getattr_static(cls, operation.name) is operation:
                setattr(cls, operation.name, operation.method())


class Blocking(Bound):
    """Operations block the calling thread until the reply is there."""

    __slots__ = ()


class Awaiting(Bound):
    """Operations return a coroutine that ends when the reply is there."""

    __slots__ = ()
