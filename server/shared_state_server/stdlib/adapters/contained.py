"""Adapters of the service's containers: dict, list, set, namespace, value and array.

Our own clients encode keys and values, and the service keeps the bytes. A client of the standard
library sends and wants the values themselves, so these adapters are such clients inside the server:
they call the contract's operations, with its own encoding.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar

from shared_state_protocol import objects
from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import Arguments, Operation, operations
from shared_state_protocol.shapes import REQUIRED

from ...waiting import Call
from .adapter import Adapter

__all__ = [
    "ArrayAdapter",
    "ContainerAdapter",
    "DictAdapter",
    "ListAdapter",
    "NamespaceAdapter",
    "SetAdapter",
    "ValueAdapter",
]


class _Asking:
    """One call of an operation, as an object bound to a client that is the adapter itself."""

    __slots__ = ("_adapter", "_call")

    name = ""

    def __init__(self, adapter: ContainerAdapter, call: Call | None) -> None:
        self._adapter = adapter
        self._call = call

    @property
    def client(self) -> _Asking:
        """Whom the operation asks."""
        return self

    @property
    def callers(self) -> _Asking:
        """What carries out an operation: see `__getitem__`."""
        return self

    def __getitem__(self, operation: Operation[..., Any]) -> Callable[[str, Arguments], Any]:
        return lambda name, arguments: self._adapter.carry_out(self._call, operation, arguments)


class ContainerAdapter(Adapter):
    """A container of the service, whose `contract` says how its operations are encoded.

    `same` names the operations that the standard library has by the same name, with the same
    parameters.
    """

    contract: ClassVar[type]
    same: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, behaviour: Any, codec: Codec) -> None:
        self.behaviour = behaviour
        self._codec = codec
        self._operations = {each.name: each for each in operations(self.contract)}

    @classmethod
    def of(cls, behaviour: Any, codec: Codec) -> Adapter:
        return cls(behaviour, codec)

    def operation(self, name: str) -> Callable[..., Any]:
        if name in self.same:
            return partial(self._do, name)
        return super().operation(name)

    def _do(self, name: str, call: Call | None, /, *args: Any, **kwds: Any) -> Any:
        """Carry out an operation of the contract; without a call, one that only reads."""
        return self._operations[name].method(_Asking(self, call), *args, **kwds)

    def carry_out(
        self, call: Call | None, operation: Operation[..., Any], arguments: Arguments
    ) -> Any:
        """Carry out an operation with its arguments in order, as a client would ask for it."""
        method = getattr(self.behaviour, operation.name)
        encoded = operation.encoder(self._codec)(arguments)
        wants_call = "call" in inspect.signature(method).parameters
        try:
            result = method(call, *encoded) if wants_call else method(*encoded)
        except KeyError as error:
            raise KeyError(*map(self._shown, error.args)) from None
        try:
            return operation.decoder(self._codec)(result, arguments)
        except Exception:
            self.put_back(operation.name, encoded, result)
            raise

    def put_back(self, name: str, arguments: Arguments, result: Any) -> None:
        """Undo an operation whose result cannot be read here, if it has taken that away.

        An instance of a class that only our clients know stays for who can read it. Arguments and
        result are encoded.
        """

    def _shown(self, argument: Any) -> Any:
        """Return the key that an error names, which behaviours know as bytes."""
        return self._codec.decode(argument) if type(argument) is bytes else argument

    def __repr__(self) -> str:
        return repr(self.value())


class DictAdapter(ContainerAdapter):
    """A dict."""

    contract = objects.Dict
    same = frozenset({"__getitem__", "setdefault", "popitem", "clear", "add", "compare_and_set"})
    exposed = same | frozenset(
        "__contains__ __delitem__ __iter__ __len__ __setitem__ copy get items keys pop update"
        " values".split()
    )

    def value(self) -> dict[Any, Any]:
        return {key: value for key, value in self._do("items", None)}  # noqa: C416  # pairs are lists

    def get(self, call: Call, key: Any, default: Any = None) -> Any:
        return self._do("get", call, key, default)

    def pop(self, call: Call, key: Any, default: Any = REQUIRED) -> Any:
        return self._do("pop", call, key, default)

    def update(self, call: Call, *args: Any, **kwds: Any) -> None:
        self._do("update", call, dict(*args, **kwds))

    def keys(self, call: Call) -> list[Any]:
        return list(self.value())

    def values(self, call: Call) -> list[Any]:
        return list(self.value().values())

    def items(self, call: Call) -> list[tuple[Any, Any]]:
        return list(self.value().items())

    def copy(self, call: Call) -> dict[Any, Any]:
        return self.value()

    def special_iter(self, call: Call) -> Iterator[Any]:
        return iter(list(self.value()))

    def special_contains(self, call: Call, key: Any) -> Any:
        return self._do("contains", call, key)

    def special_len(self, call: Call) -> Any:
        return self._do("size", call)

    def special_setitem(self, call: Call, key: Any, value: Any) -> None:
        self._do("set", call, key, value)

    def special_delitem(self, call: Call, key: Any) -> None:
        self._do("delete", call, key)

    def put_back(self, name: str, arguments: Arguments, result: Any) -> None:
        if name == "pop":
            self.behaviour.set(arguments[0], result)
        elif name == "popitem":
            self.behaviour.set(*result)


class ListAdapter(ContainerAdapter):
    """A list."""

    contract = objects.List
    same = frozenset(
        "append extend insert pop remove index count reverse sort clear compare_and_set".split()
    )
    exposed = same | frozenset(
        "__add__ __contains__ __delitem__ __getitem__ __iter__ __len__ __mul__ __setitem__"
        " copy".split()
    )

    def value(self) -> list[Any]:
        return list(self._do("get_slice", None))

    def copy(self, call: Call) -> list[Any]:
        return self.value()

    def special_iter(self, call: Call) -> Iterator[Any]:
        return iter(self.value())

    def special_contains(self, call: Call, value: Any) -> Any:
        return self._do("contains", call, value)

    def special_len(self, call: Call) -> Any:
        return self._do("size", call)

    def special_add(self, call: Call, other: list[Any]) -> list[Any]:
        return self.value() + other

    def special_mul(self, call: Call, times: int) -> list[Any]:
        self.behaviour.check_repeating(operator.index(times))
        return self.value() * times

    def special_getitem(self, call: Call, index: Any) -> Any:
        if isinstance(index, slice):
            return list(self._do("get_slice", call, index.start, index.stop, index.step))
        return self._do("get", call, index)

    def special_setitem(self, call: Call, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._do("set_slice", call, index.start, index.stop, index.step, value)
        else:
            self._do("set", call, index, value)

    def special_delitem(self, call: Call, index: Any) -> None:
        if isinstance(index, slice):
            self._do("delete_slice", call, index.start, index.stop, index.step)
        else:
            self._do("delete", call, index)

    def put_back(self, name: str, arguments: Arguments, result: Any) -> None:
        if name == "pop":
            index = arguments[0]
            at = index if index >= 0 else self.behaviour.size() + 1 + index
            self.behaviour.insert(at, result)


class SetAdapter(ContainerAdapter):
    """A set."""

    contract = objects.Set
    same = frozenset(
        "add discard remove pop clear update difference_update intersection_update"
        " symmetric_difference_update issuperset issubset isdisjoint".split()
    )
    exposed = same | {"__contains__", "__iter__", "__len__", "copy"}

    def value(self) -> set[Any]:
        return set(self._do("elements", None))

    def copy(self, call: Call) -> set[Any]:
        return self.value()

    def special_iter(self, call: Call) -> Iterator[Any]:
        return iter(list(self.value()))

    def special_contains(self, call: Call, element: Any) -> Any:
        return self._do("contains", call, element)

    def put_back(self, name: str, arguments: Arguments, result: Any) -> None:
        if name == "pop":
            self.behaviour.add(result)

    def special_len(self, call: Call) -> Any:
        return self._do("size", call)


class NamespaceAdapter(ContainerAdapter):
    """A namespace."""

    contract = objects.Namespace
    exposed = frozenset({"__getattribute__", "__setattr__", "__delattr__"})
    _names: ClassVar[dict[str, str]] = {
        "__getattribute__": "get",
        "__setattr__": "set",
        "__delattr__": "delete",
    }

    def operation(self, name: str) -> Callable[..., Any]:
        return partial(self._do, self._names[name])

    def value(self) -> dict[str, Any]:
        return dict(self._do("attributes", None))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in sorted(self.value().items()))
        return f"Namespace({shown})"


class ValueAdapter(ContainerAdapter):
    """A number of a C type."""

    contract = objects.Value
    same = frozenset({"get", "set", "add", "compare_and_set"})
    exposed = same

    def value(self) -> Any:
        return self._do("get", None)

    def __repr__(self) -> str:
        return f"Value({self._do('typecode', None)!r}, {self.value()!r})"


class ArrayAdapter(ContainerAdapter):
    """Numbers of a C type."""

    contract = objects.Array
    exposed = frozenset({"__getitem__", "__len__", "__setitem__"})

    def value(self) -> list[Any]:
        return [self._do("get", None, index) for index in range(self._do("size", None))]

    def special_len(self, call: Call) -> Any:
        return self._do("size", call)

    def special_getitem(self, call: Call, index: Any) -> Any:
        if isinstance(index, slice):
            place: Any = index
            return self.value()[place]
        return self._do("get", call, index)

    def special_setitem(self, call: Call, index: int, value: Any) -> None:
        self._do("set", call, index, value)
