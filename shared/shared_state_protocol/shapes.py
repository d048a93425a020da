"""Shapes: how what an annotation describes travels.

A contract says ``key: K, value: V, timeout: float | None``. Each annotation is read once, when the
class is made, into a shape that knows three things: what the client writes for an argument
(`encoder`), what the server lets in (`accepts`), and what the client makes of a result (`decoder`).

=========================  ==================================================================
``K``                      a dict key: bytes made by `keys.encode_key`
``V``                      a value: bytes made by the codec; the server does not look inside
``D``                      a default: stays with the caller, only whether there is one travels
``bool int float str``     themselves, as msgpack has them; ``bytes`` too
``X | None``               nil for None; so is a missing ``V`` in ``V | D``
``list[X] Iterable[X]``    an array; an argument may be any iterable
``Packed``                 bytes, of which a receiver may get a view
``Scalar``                 a number of at most 64 bits, a text or bytes
``Agent``                  the thread or task that calls: the client fills it in
``Fence``                  the name of a lock and a token; see `contract.Operation.fenced`
``tuple[X, Y]``            an array of exactly these
``Pairs[K, V]``            an array of pairs; an argument may be a mapping or pairs
a ``NamedTuple`` class     an array of its fields
``Any``                    whatever msgpack carries
=========================  ==================================================================

Every key and value is bytes by itself, so nil always means "none" and never a stored ``None``.
"""

from __future__ import annotations

import operator
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, islice
from typing import Any, NewType, TypeVar, Union

from .codec import Codec
from .errors import FixTheCall
from .grants import Fence, Grant
from .keys import key_encoder
from .sizes import too_large
from .split import Split

__all__ = [
    "HERE",
    "REQUIRED",
    "Agent",
    "Block",
    "Calling",
    "D",
    "K",
    "Packed",
    "Pairs",
    "Scalar",
    "Shape",
    "V",
    "shape_of",
]

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")

Scalar = Union[int, float, str, bytes]  # noqa: UP007  # looked up at run time

Packed = Union[bytes, memoryview]  # noqa: UP007  # as above

Agent = NewType("Agent", int)

HERE = Agent(0)
"""The declared default of an ``Agent`` parameter, which nobody gives: see `contract.Operation`."""

Pairs = Union[Mapping[K, V], Iterable[tuple[K, V]]]  # noqa: UP007  # generic at run time


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()
"""The declared default of a ``D`` parameter for which there is none."""

Change = Callable[[Any], Any]
"""Turns a value into its form in messages, or that into a value again."""

_UNIONS = (Union, types.UnionType)


class Shape:
    """How one argument or result travels.

    `verbatim` says that encoded and decoded forms are the same object (`verbatim_inside`: as an
    item of a result, if not as all of it), `accepted` which types the encoded form may have, if its
    type alone decides whether the server accepts it, `carries_values` that there are values in it,
    of which one may be a pickle.
    """

    verbatim = False
    accepted: tuple[type, ...] | None = None
    carries_values = False

    @property
    def verbatim_inside(self) -> bool:
        return self.verbatim

    def encoder(self, codec: Codec) -> Change:
        """Return the function that makes of a value what is written into the message."""
        raise NotImplementedError

    def decoder(self, codec: Codec) -> Change:
        """Return the function that makes of that, on the client, what stands for it."""
        raise NotImplementedError

    def accepts(self, wire: Any) -> bool:
        """Return whether `wire` has this shape."""
        return self.accepted is not None and type(wire) in self.accepted

    def accepts_all(self, items: list[Any]) -> bool:
        """Return whether all `items` have this shape; together, in a third of the time of each."""
        if self.accepted is None:
            return all(map(self.accepts, items))
        return set(map(type, items)).issubset(self.accepted)


class Key(Shape):
    accepted = (bytes,)

    def encoder(self, codec: Codec) -> Change:
        return key_encoder(codec)

    def decoder(self, codec: Codec) -> Change:
        return codec.decode


class Value(Shape):
    accepted = (bytes,)
    carries_values = True

    def encoder(self, codec: Codec) -> Change:
        return codec.encode_argument

    def decoder(self, codec: Codec) -> Change:
        return codec.decode


class Default(Shape):
    accepted = (bool,)

    def encoder(self, codec: Codec) -> Change:
        return _is_given


class Plain(Shape):
    """A number, text or bytes; `convert` does what Python itself does with such an argument."""

    verbatim = True

    def __init__(self, convert: Callable[[Any], Any], *accepted: type) -> None:
        self.convert = convert
        self.accepted = accepted

    def encoder(self, codec: Codec) -> Change:
        return self.convert

    def decoder(self, codec: Codec) -> Change:
        return _itself


def _itself(value: Any) -> Any:
    return value


def _is_given(default: Any) -> bool:
    return default is not REQUIRED


def _scalar(value: Any) -> Any:
    if isinstance(value, (str, bytes)):
        return value
    if isinstance(value, float) or not hasattr(value, "__index__"):
        return float(value)
    number = operator.index(value)
    if not -(1 << 63) <= number < 1 << 64:
        raise OverflowError(f"{number} does not fit into 64 bits")
    return number


class Calling(Plain):
    """The thread or task that calls."""

    def __init__(self) -> None:
        super().__init__(int, int)


class FencedBy(Shape):
    """A grant, of which the name of the lock and the token travel."""

    def encoder(self, codec: Codec) -> Change:
        return _name_and_token

    def accepts(self, wire: Any) -> bool:
        if type(wire) is not list:
            return False
        items: list[Any] = wire  # pyright: ignore[reportUnknownVariableType]  # of whatever
        return len(items) == 2 and type(items[0]) is str and type(items[1]) is int


def _name_and_token(grant: Any) -> tuple[str, int]:
    if not isinstance(grant, Grant):
        raise TypeError(f"a fence is a Grant, not {type(grant).__name__}")
    return grant[:2]


class Bytes(Plain):
    """Bytes that are no value. A result that looks like an encoded value comes in two parts."""

    verbatim = False

    def __init__(self, *accepted: type) -> None:
        super().__init__(bytes, bytes, *accepted)

    @property
    def verbatim_inside(self) -> bool:
        return True

    def decoder(self, codec: Codec) -> Change:
        return _joined


def _joined(wire: Any) -> Any:
    return wire.joined() if type(wire) is Split else wire


class Block(Bytes):
    """Bytes of any length, which neither side has to copy: see `wire.large`."""

    def __init__(self) -> None:
        super().__init__(memoryview)


class Anything(Shape):
    verbatim = True

    def encoder(self, codec: Codec) -> Change:
        return _itself

    def decoder(self, codec: Codec) -> Change:
        return _itself

    def accepts(self, wire: Any) -> bool:
        return True


class Maybe(Shape):
    """A shape or nil."""

    def __init__(self, inner: Shape) -> None:
        self.inner = inner
        self.verbatim = inner.verbatim
        self.accepted = None if inner.accepted is None else (*inner.accepted, type(None))
        self.carries_values = inner.carries_values

    def encoder(self, codec: Codec) -> Change:
        encode = self.inner.encoder(codec)
        return lambda value: None if value is None else encode(value)

    def decoder(self, codec: Codec) -> Change:
        decode = self.inner.decoder(codec)
        return lambda wire: None if wire is None else decode(wire)

    def accepts(self, wire: Any) -> bool:
        return wire is None or self.inner.accepts(wire)


class Many(Shape):
    def __init__(self, inner: Shape) -> None:
        self.inner = inner
        self.carries_values = inner.carries_values

    def encoder(self, codec: Codec) -> Change:
        encode = self.inner.encoder(codec)
        if not self.carries_values:
            return lambda value: [encode(item) for item in value]

        def encode_all(value: Iterable[Any]) -> list[Any]:
            # In portions, each as many as all before it, so that what is too large together is
            # refused before more of it is encoded than twice as much as would be read.
            items, encoded, size = iter(value), list[Any](), 0
            while portion := [encode(item) for item in islice(items, len(encoded) or _FIRST)]:
                encoded += portion
                size += _size(portion)
                if size > codec.limit:
                    raise too_large(size, codec.limit)
            return encoded

        return encode_all

    def decoder(self, codec: Codec) -> Change:
        decode = self.inner.decoder(codec)
        return lambda wire: [decode(item) for item in wire]

    def accepts(self, wire: Any) -> bool:
        return type(wire) is list and self.inner.accepts_all(wire)  # pyright: ignore[reportUnknownArgumentType]  # of whatever


_FIRST = 8
"""Items that are encoded before their size is looked at."""


def _size(encoded: list[Any]) -> int:
    """Return how many bytes there are in encoded items, or in pairs of them."""
    if type(encoded[0]) is list:
        return sum(map(len, chain.from_iterable(encoded)))
    return sum(map(len, encoded))


class PairsOf(Many):
    """Pairs, which an argument may give as a mapping as `dict.update` takes one."""

    def encoder(self, codec: Codec) -> Change:
        encode = super().encoder(codec)
        return lambda value: encode(_pairs(value))


def _pairs(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.items()  # pyright: ignore[reportUnknownVariableType]  # any mapping
    if hasattr(value, "keys"):
        return ((key, value[key]) for key in value.keys())  # noqa: SIM118  # as `dict.update` does
    return value  # type: ignore[no-any-return]  # what else it is, `encode` finds out


class Group(Shape):
    def __init__(self, inner: list[Shape], build: Callable[[Iterable[Any]], Any] = tuple) -> None:
        self.inner = inner
        self.build = build
        self._is_verbatim = all(shape.verbatim_inside for shape in inner)
        self.carries_values = any(shape.carries_values for shape in inner)

    def encoder(self, codec: Codec) -> Change:
        encoders = [shape.encoder(codec) for shape in self.inner]

        def encode(value: Iterable[Any]) -> list[Any]:
            items = self._checked(value)
            return [each(item) for each, item in zip(encoders, items, strict=True)]

        return encode

    def decoder(self, codec: Codec) -> Change:
        if self._is_verbatim:
            return self.build
        decoders, build = [shape.decoder(codec) for shape in self.inner], self.build
        return lambda wire: build(each(item) for each, item in zip(decoders, wire, strict=True))

    def accepts(self, wire: Any) -> bool:
        return type(wire) is list and self.accepts_all([wire])

    def accepts_all(self, items: list[Any]) -> bool:
        return (
            set(map(type, items)) <= {list}
            and set(map(len, items)) <= {len(self.inner)}
            and all(
                shape.accepts_all(list(map(operator.itemgetter(at), items)))
                for at, shape in enumerate(self.inner)
            )
        )

    def _checked(self, value: Iterable[Any]) -> tuple[Any, ...]:
        """Return `value` as a tuple if it has as many items as there are shapes.

        Raises:
            ValueError: it has not.
        """
        items = tuple(value)
        if len(items) != len(self.inner):
            raise ValueError(f"expected {len(self.inner)} items in a group, got {len(items)}")
        return items


class Pair(Group):
    """A group of two, without loops: half of the time, and a dict has thousands of them."""

    def encoder(self, codec: Codec) -> Change:
        first, second = (shape.encoder(codec) for shape in self.inner)

        def encode(value: Iterable[Any]) -> list[Any]:
            one, other = self._checked(value)
            return [first(one), second(other)]

        return encode

    def decoder(self, codec: Codec) -> Change:
        if self._is_verbatim:
            return super().decoder(codec)
        first, second = (shape.decoder(codec) for shape in self.inner)

        def decode(wire: Any) -> tuple[Any, Any]:
            one, other = wire
            return first(one), second(other)

        return decode


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a str, got {type(value).__name__}")
    return value


def _number(value: Any) -> float:
    """Convert what is a number, as a parameter in C does: `float` would also read text."""
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    return float(value)


INT_BITS = 64
"""Plain integers (counts, indices) are msgpack integers; values have no such bound."""


def _index(value: Any) -> int:
    number = operator.index(value)
    if number.bit_length() >= INT_BITS:
        raise OverflowError(f"{number} does not fit into {INT_BITS} bits")
    return number


_LEAVES: dict[Any, Shape] = {
    K: Key(),
    V: Value(),
    D: Default(),
    Agent: Calling(),
    Fence: FencedBy(),
    Scalar: Plain(_scalar, int, float, str, bytes),
    Packed: Block(),
    Any: Anything(),
    bool: Plain(bool, bool),
    int: Plain(_index, int),
    float: Plain(_number, float, int),
    str: Plain(_text, str),
    bytes: Bytes(),
    type(None): Plain(lambda value: None, type(None)),
}


def shape_of(annotation: Any) -> Shape:
    """Read one resolved annotation.

    Raises:
        FixTheCall: a contract uses an annotation that the table above does not have.
    """
    leaf = _LEAVES.get(annotation)
    if leaf is not None:
        return leaf
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in _UNIONS:
        return _union(arguments)
    if origin in (list, Iterable):
        return Many(shape_of(arguments[0]))
    if origin is tuple:
        return (Pair if len(arguments) == 2 else Group)(list(map(shape_of, arguments)))
    if hasattr(annotation, "_fields"):
        hints = typing.get_type_hints(annotation)
        return Group([shape_of(hints[field]) for field in annotation._fields], annotation._make)
    raise FixTheCall(f"no shape is known for the annotation {annotation!r}")


def _union(members: tuple[Any, ...]) -> Shape:
    if any(typing.get_origin(member) is Mapping for member in members):
        return PairsOf(Pair([_LEAVES[K], _LEAVES[V]]))
    real = [member for member in members if member not in (type(None), D)]
    if not real:
        return _LEAVES[D]
    if len(real) > 1:
        raise FixTheCall(f"no shape is known for a union of {real!r}")
    return Maybe(shape_of(real[0]))
