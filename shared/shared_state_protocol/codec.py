"""The codec: a user's values to bytes and back, without loss in type or value.

Theory
------
A payload is one msgpack value. What msgpack does not have are the extensions listed in
`extensions`, with the user's own classes (`registry`), numpy's arrays (`arrays`) and shared
objects, which travel by reference. `encoder` and `decoder` say how each direction is fast and
strict; this module is the pair of them, and what it means for two payloads to be equal.

One exception. What cannot be encoded so may be pickled, where both ends opted in: the byte 0xC1,
which msgpack never uses, and then the pickle. That is always a whole value, never a part of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

from . import arrays
from .decoder import Decoder, Resolve
from .encoder import PICKLED, Encoder, Refer
from .errors import DecodingError
from .placeholders import Reference
from .registry import REGISTRY, Registry
from .sizes import NO_LIMIT
from .split import Split

__all__ = ["PICKLE_MARK", "Codec", "equal", "is_pickled", "matcher"]


class Codec:
    """Encodes and decodes values; each client has one, and so has a server.

    Args:
        pickle: whether to pickle what cannot be encoded, and to unpickle what was pickled.
        unknown: what becomes of an instance of a class that is not known here: ``"refuse"`` it, or
            ``"keep"`` it as a `placeholders.Opaque`, as a server does with all of them.
        refer: returns the names of type and object if its argument is a shared object, else None.
        resolve: returns the shared object of these names.
        registry: the registered classes.
        longest_whole: how many bytes a value may have before `encode_argument` splits its payload.

    Attributes:
        encode: returns the payload of a value. Raises `EncodingError` if the value or a part of it
            is of no known type, or over a limit.
        encode_argument: does the same for what is going to be sent, in one piece or split.
        limit: how many bytes the other side reads; what is seen to be larger raises `LimitExceeded`
            before it is copied.
        decode: returns the value of a payload. Raises `DecodingError` if that is not one whole
            value, over a limit, or has parts that are unknown here.
    """

    __slots__ = ("_encoders", "decode", "encode", "encode_argument")

    # Attributes, not methods that would call the methods: 50 ns of the 200 ns for a small value.
    encode: Callable[[object], bytes]
    encode_argument: Callable[[object], bytes | Split]
    decode: Callable[[bytes | Split], Any]

    def __init__(
        self,
        pickle: bool = False,
        *,
        unknown: Literal["refuse", "keep"] = "refuse",
        refer: Refer | None = None,
        resolve: Resolve = Reference,
        registry: Registry = REGISTRY,
        longest_whole: int = NO_LIMIT,
    ) -> None:
        whole = Encoder(pickle, refer, registry)
        argument = Encoder(pickle, refer, registry, longest_whole)
        self._encoders = whole, argument
        self.encode = cast("Callable[[object], bytes]", whole.encode)
        self.encode_argument = argument.encode
        self.decode = Decoder(pickle, unknown == "keep", resolve, registry).decode

    @property
    def limit(self) -> int:
        return self._encoders[0].limit

    @limit.setter
    def limit(self, size: int) -> None:
        for encoder in self._encoders:
            encoder.limit = size


PICKLE_MARK = bytes((PICKLED,))
"""What a pickle begins with."""


def is_pickled(payload: bytes) -> bool:
    """Return whether `payload` is a pickle, which only clients that opted in can read."""
    return payload[:1] == PICKLE_MARK


def matcher(value: bytes, codec: Codec) -> Callable[[bytes], bool]:
    """Return a function that tells whether another payload is an equal value.

    The same bytes are equal, NaN included (as in ``nan in [nan]``). What cannot be decoded here or
    refuses to be compared equals nothing else. Arrays equal arrays of the same shape and items.
    A payload that comes several times in a row is compared once: so a repeated list has them.
    """
    try:
        wanted = codec.decode(value)
    except DecodingError:
        return value.__eq__
    last, matched = value, True

    def matches(other: bytes) -> bool:
        nonlocal last, matched
        if other is not last:
            matched = other == value or _equals(wanted, other, codec)
            last = other
        return matched

    return matches


def equal(a: bytes, b: bytes, codec: Codec) -> bool:
    """Return whether two payloads are equal values, by the rules of `matcher`."""
    return a == b or matcher(a, codec)(b)


def _equals(wanted: Any, other: bytes, codec: Codec) -> bool:
    try:
        found = codec.decode(other)
        if arrays.is_array(wanted) or arrays.is_array(found):
            return type(wanted) is type(found) and arrays.equal(wanted, found)
        return bool(wanted == found)
    except Exception:  # noqa: BLE001  # whatever a comparison raises means: not equal
        return False
