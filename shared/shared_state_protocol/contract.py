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
* `stream` is a query whose result comes in portions.

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
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from .codec import Codec
from .methods import method
from .shapes import Calling, Default, FencedBy, Shape, shape_of

__all__ = [
    "Arguments",
    "Awaiting",
    "Blocking",
    "Bound",
    "Caller",
    "Made",
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
U = TypeVar("U")

Arguments = tuple[Any, ...]


Declaration = Callable[Concatenate[Any, P], R]


class Parameter:
    """One parameter of an operation: its name, its shape, and its default if it has one."""

    __slots__ = ("default", "name", "shape")

    def __init__(self, name: str, shape: Shape, default: Any) -> None:
        self.name = name
        self.shape = shape
        self.default = default


class Operation(Generic[P, R]):
    """One promise of a contract.

    `wire` is its name on the wire, as ``dict.set``; `changes`, `waits`, `confirms` and `is_stream`
    say which kind of promise it is; `can_be_undone` that it takes or waits for something, so that a
    `cancel` undoes what it has done; `opens` that it creates the object if it is not there;
    `wants_agent` that the client is to fill in who calls; `is_verbatim` that the result travels as
    it is. `method` stands for it on bound objects.
    `fenced` is the same promise with a fence as its last argument, if it may be guarded.
    """

    is_stream = False

    name: str
    wire: str
    parameters: tuple[Parameter, ...]
    result: Shape
    fenced: Operation[P, R] | None

    def __init__(
        self,
        declaration: Declaration[P, R],
        *,
        changes: bool = False,
        waits: bool = False,
        confirms: bool = False,
    ) -> None:
        self.changes = changes
        self.waits = waits
        self.confirms = confirms
        self.can_be_undone = waits or confirms
        self.declaration = declaration
        self.__doc__ = declaration.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.opens = name == "open"
        self.wire = f"{contract_name(owner)}.{name}"
        hints = _hints_of(self.declaration)
        declared = list(inspect.signature(self.declaration).parameters.values())[1:]
        parameters = [
            Parameter(each.name, shape_of(hints[each.name]), each.default) for each in declared
        ]
        fences = [each for each in parameters if isinstance(each.shape, FencedBy)]
        self.result = shape_of(self._result_annotation(hints["return"]))
        self._take([each for each in parameters if each not in fences])
        self.fenced = self._with(fences) if fences else None
        self.method = method(
            self,
            self.declaration,
            [each.name for each in self.parameters],
            self._defaults,
            self.fenced,
        )

    def _with(self, fences: list[Parameter]) -> Operation[P, R]:
        fenced = type(self)(self.declaration)
        vars(fenced).update(vars(self), fenced=None)
        fenced._take([*self.parameters, *fences])
        return fenced

    def _take(self, parameters: list[Parameter]) -> None:
        """Have these parameters, and know those that mean something to clients."""
        self.parameters = tuple(parameters)
        self._defaults = tuple(
            each.default for each in self.parameters if each.default is not inspect.Parameter.empty
        )
        self._default = self._position(lambda each: isinstance(each.shape, Default))
        self._block = self._position(lambda each: each.name in ("block", "blocking"))
        self._timeout = self._position(lambda each: each.name == "timeout")
        self._agent = self._position(lambda each: isinstance(each.shape, Calling))
        self.wants_agent = self._agent is not None
        self.is_verbatim = self.result.verbatim and self._default is None

    def _position(self, is_it: Callable[[Parameter], bool]) -> int | None:
        return next((i for i, each in enumerate(self.parameters) if is_it(each)), None)

    def _result_annotation(self, annotation: Any) -> Any:
        return annotation

    def __call__(self, bound: Bound, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the operation on a bound object: ``Dict.set(config, "rate", 10)``."""
        return self.method(bound, *args, **kwargs)

    def encoder(self, codec: Codec) -> Callable[[Arguments], Arguments]:
        """Return the function that encodes the arguments of a call.

        Unrolled for up to three arguments: 0.3 µs instead of 1 µs for the loop.
        """
        encoders = [parameter.shape.encoder(codec) for parameter in self.parameters]
        if not encoders:
            return lambda arguments: ()
        if len(encoders) == 1:
            only = encoders[0]
            return lambda arguments: (only(arguments[0]),)
        if len(encoders) == 2:  # unrolled
            first, second = encoders
            return lambda arguments: (first(arguments[0]), second(arguments[1]))
        if len(encoders) == 3:
            one, two, three = encoders
            return lambda arguments: (one(arguments[0]), two(arguments[1]), three(arguments[2]))
        return lambda arguments: tuple(
            encode(argument) for encode, argument in zip(encoders, arguments, strict=True)
        )

    def decoder(self, codec: Codec) -> Callable[[Any, Arguments], Any]:
        """Return the function that decodes a result, in answer to a call with some arguments."""
        decode, default = self.result.decoder(codec), self._default
        if default is not None:
            return lambda wire, arguments: arguments[default] if wire is None else decode(wire)
        return lambda wire, arguments: decode(wire)

    def with_agent(self, arguments: Arguments, agent: int) -> Arguments:
        """Return `arguments` with the thread or task that calls in its place."""
        position = self._agent
        if position is None:
            return arguments
        return arguments[:position] + (agent,) + arguments[position + 1 :]  # noqa: RUF005  # no list between

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


def _hints_of(declaration: Any) -> dict[str, Any]:
    """Return the resolved annotations of a function, as they are written.

    Without its defaults: where one is None, Python 3.10 makes ``V`` into ``V | None``.
    """
    bare = types.FunctionType(declaration.__code__, declaration.__globals__)
    bare.__annotations__ = declaration.__annotations__
    return typing.get_type_hints(bare, include_extras=True)


class Once(Operation[P, R]):
    """An operation that is answered once."""

    @overload
    def __get__(self, instance: None, owner: type) -> Operation[P, R]: ...
    @overload
    def __get__(self, instance: Blocking, owner: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, instance: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self


def query(declaration: Declaration[P, R]) -> Once[P, R]:
    """Declare an operation that only reads."""
    return Once(declaration)


def command(declaration: Declaration[P, R]) -> Once[P, R]:
    """Declare an operation that changes the object.

    Its reply is remembered until the client has it.
    """
    return Once(declaration, changes=True)


def waiting(declaration: Declaration[P, R]) -> Once[P, R]:
    """Declare a command that may have to wait."""
    return Once(declaration, changes=True, waits=True)


def delivery(declaration: Declaration[P, R]) -> Once[P, R]:
    """Declare a waiting command whose reply carries what is nowhere else any more."""
    return Once(declaration, changes=True, waits=True, confirms=True)


def handover(declaration: Declaration[P, R]) -> Once[P, R]:
    """Declare a delivery that never waits."""
    return Once(declaration, changes=True, confirms=True)


class stream(Operation[P, Iterator[T]]):
    """Declare a query whose result, ``Iterator[T]``, comes in portions: an array of ``T`` each."""

    is_stream = True

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


Caller = Callable[[str, Arguments], Any]
"""Carries out calls of one operation on the object of a name: sends a request and returns its
result, or an awaitable or iterator of it."""


class Calls(Protocol):
    """Whoever sends the requests of bound objects."""

    @property
    def callers(self) -> Mapping[Operation[..., Any], Caller]:
        """What carries out the calls of each operation."""
        raise NotImplementedError


class Made(dict[T, U]):
    """What is made for each key when it is first asked for."""

    def __init__(self, make: Callable[[T], U]) -> None:
        self._make = make

    def __missing__(self, key: T) -> U:
        made = self[key] = self._make(key)
        return made


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
                setattr(cls, operation.name, operation.method)


class Blocking(Bound):
    """Operations block the calling thread until the reply is there."""

    __slots__ = ()


class Awaiting(Bound):
    """Operations return a coroutine that ends when the reply is there."""

    __slots__ = ()
