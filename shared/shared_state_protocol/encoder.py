"""The encoder: a value to its payload.

Theory
------
A value is written by ormsgpack, which asks back (`Encoder._extend`) for everything that is not
msgpack's own. Three things it does not ask about. A dict whose keys are not plain text and text
with surrogates it refuses; a bytearray or memoryview it writes as if it were bytes.

So a value is first written fast. Only if that fails, or if the payload has a byte that may be the
header of binary data and a look at the types shows that it is a buffer's, the value is rebuilt in
Python (`Encoder._rebuild`) with extensions in the places of those three. What is inside an
extension is written on its own, so one odd key does not slow down all that is around it.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any, TypeGuard, cast

import ormsgpack
from ormsgpack import Ext, MsgpackEncodeError, packb

from . import arrays, hooks
from .bounds import check
from .errors import DecodingError, EncodingError
from .extensions import REDUCERS, REFERENCE
from .limits import MAX_DEPTH
from .placeholders import Opaque, Reference
from .registry import Registry, can_register
from .sizes import NO_LIMIT, NUMBERS, check_size, too_large
from .split import SPLITTERS, Split

__all__ = ["PICKLED", "TEXT_HEADERS", "Encoder", "Refer"]

PICKLED = 0xC1
"""The first byte of a pickle; msgpack never uses it."""

Refer = Callable[[object], "tuple[str, str] | None"]

_OPTIONS = (
    ormsgpack.OPT_PASSTHROUGH_BIG_INT
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_ENUM
    | ormsgpack.OPT_PASSTHROUGH_SUBCLASS
    | ormsgpack.OPT_PASSTHROUGH_TUPLE
    | ormsgpack.OPT_PASSTHROUGH_UUID
)

_SCALARS = frozenset({*NUMBERS, str, bytes})
_CONTAINERS = frozenset({list, dict})
_SPLITTABLE = frozenset(SPLITTERS)
_BUFFERS = frozenset({bytearray, memoryview})

TEXT_HEADERS = tuple(bytes((0xA0 | length,)) for length in range(32))
"""What text of up to 31 bytes begins with. Such as is ASCII is written by hand, in two thirds of
the time of `packb`, which makes room for a kilobyte first."""

_BIN_8, _BIN_16, _BIN_32 = b"\xc4", b"\xc5", b"\xc6"
_BIN_8_BYTES = 2 + 255  # of a payload that is no longer, a bin 8 is the only one


class Encoder:
    """Encodes values; the arguments are those of `codec.Codec`.

    Payloads of values longer than `longest_whole` are split, where their type is one of those.
    """

    __slots__ = (
        "_extend_at",
        "_limit",
        "_longest_whole",
        "_pickle",
        "_refer",
        "_registry",
        "_short",
    )

    def __init__(
        self,
        pickle: bool,
        refer: Refer | None,
        registry: Registry,
        longest_whole: int = NO_LIMIT,
    ) -> None:
        self._longest_whole = longest_whole
        self.limit = NO_LIMIT
        self._pickle = pickle
        self._refer = refer
        self._registry = registry
        # One hook for each level, since a hook is told nothing but the value.
        self._extend_at = tuple(partial(self._extend, depth) for depth in range(MAX_DEPTH + 2))

    @property
    def limit(self) -> int:
        """How many bytes the other side reads: larger values are refused before they are copied."""
        return self._limit

    @limit.setter
    def limit(self, size: int) -> None:
        self._limit = size
        self._short = min(size, self._longest_whole)

    def encode(self, value: Any) -> bytes | Split:
        """Return the payload of `value`.

        Raises:
            EncodingError: `value` or a part of it is of no known type, or over a limit.
            LimitExceeded: it is larger than the other side reads.
        """
        kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]  # of whatever
        if kind is str and len(value) < len(TEXT_HEADERS) and value.isascii():
            text: bytes = value.encode()
            return TEXT_HEADERS[len(text)] + text
        if kind in _SPLITTABLE:
            # Here and not in a function: it would be a third of the price of a small text.
            if len(value) > self._short:
                split = self._split(kind, value)
                if split is not None:
                    return split
        elif kind not in NUMBERS:
            check_size(value, self._limit)
        try:
            payload = packb(value, self._extend_at[0], _OPTIONS)
        except MsgpackEncodeError:
            return self._encode_otherwise(value)
        if kind in _SCALARS:
            return payload
        if (_BIN_8 in payload or len(payload) > _BIN_8_BYTES) and _hides_buffer(payload, value):
            return self._encode_otherwise(value)
        return self._checked(payload, value) if len(payload) > MAX_DEPTH else payload

    def _split(self, kind: type, value: Any) -> Split | None:
        """Return the payload of a long value in two parts, if it can be sent so.

        Raises:
            LimitExceeded: it is too long to be sent.
        """
        if len(value) > self._limit:
            raise too_large(len(value), self._limit)
        return SPLITTERS[kind](value)

    def _encode_otherwise(self, value: object) -> bytes:
        """Encode what the fast way could not, or raise what tells why."""
        if not hooks.is_noted():
            try:
                payload = packb(self._rebuild(value, 0), option=_OPTIONS)
            except Exception as error:  # noqa: BLE001  # raised again below, if it is no note itself
                hooks.note(error)
            else:
                return self._checked(payload, value)
        raised = hooks.take()
        assert raised is not None
        if isinstance(raised, EncodingError):
            return self._instead(value, raised)
        raise raised

    def _checked(self, payload: bytes, value: object) -> bytes:
        """Return `payload` if the other side will accept it."""
        try:
            check(payload)
        except DecodingError as error:
            return self._instead(value, EncodingError(f"cannot send a value {error}"))
        return payload

    def _instead(self, value: object, error: EncodingError) -> bytes:
        """Return a pickle of what `error` says cannot be encoded."""
        if not self._pickle:
            raise error
        try:
            return bytes((PICKLED,)) + pickle.dumps(value, protocol=5)  # 3.10 reads it too
        except Exception as refused:
            raise EncodingError(f"{error}; nor can it be pickled: {refused}") from refused

    def _extend(self, depth: int, value: object) -> Ext:
        """Return the extension for a value that ormsgpack asks about."""
        try:
            if depth > MAX_DEPTH:
                raise _too_deep()
            if type(value) is Opaque:
                return Ext(value.tag, value.data)
            tag, body = self._reduce(value)
            return Ext(tag, self._pack(body, depth))
        except BaseException as raised:
            hooks.note(raised)
            raise

    def _pack(self, body: object, depth: int) -> bytes:
        """Return the payload of the body of an extension, which counts as a level itself."""
        try:
            payload = packb(body, self._extend_at[depth + 1], _OPTIONS)
        except MsgpackEncodeError:
            if hooks.is_noted():
                raise
        else:
            short = len(payload) <= _BIN_8_BYTES and _BIN_8 not in payload
            if short or not _hides_buffer(payload, body):
                return payload
        return packb(self._rebuild(body, depth), option=_OPTIONS)

    def _rebuild(self, value: object, depth: int) -> object:
        """Return `value` with an `Ext` for every part that is not msgpack's own.

        Nothing here comes back to `_pack`, which may just have failed at the same part: each level
        would double the work.
        """
        if _is_plain(value):
            return value
        if _is_list(value):
            inside = _deeper(depth)
            return [self._rebuild(item, inside) for item in value]
        if _is_text_dict(value):
            inside = _deeper(depth)
            return {key: self._rebuild(item, inside) for key, item in value.items()}
        if type(value) is Opaque:
            return Ext(value.tag, value.data)
        tag, body = self._reduce(value)
        return Ext(tag, packb(self._rebuild(body, depth), option=_OPTIONS))

    def _reduce(self, value: object) -> tuple[int, object]:
        """Return tag and body of the extension for `value`."""
        found = REDUCERS.get(type(value))
        if found is None:
            return self._reduce_other(value)
        tag, reduce = found
        return tag, reduce(value)

    def _reduce_other(self, value: object) -> tuple[int, object]:
        """Return tag and body for what is not of the standard library."""
        if type(value) is Reference:
            return REFERENCE, [value.type, value.name]
        reference = self._refer(value) if self._refer is not None else None
        if reference is not None:
            return REFERENCE, list(reference)
        reduced = self._registry.reduce(value) or arrays.reduce(value)
        if reduced is None:
            raise _unknown(type(value))
        return reduced


def _is_plain(value: object) -> bool:
    """Return whether ormsgpack writes all of `value` without loss and without asking."""
    try:
        payload = packb(value, option=_OPTIONS)
    except MsgpackEncodeError:
        return False
    return not _hides_buffer(payload, value)


def _is_text(value: object) -> bool:
    """Return whether `value` is text that can be written as UTF-8."""
    if type(value) is not str:
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return type(value) is list


def _is_text_dict(value: object) -> TypeGuard[dict[str, object]]:
    return type(value) is dict and all(map(_is_text, cast("dict[object, object]", value)))


def _hides_buffer(payload: bytes, value: object) -> bool:
    """Return whether something was written as bytes that is a bytearray or a memoryview."""
    if _BIN_8 not in payload and _BIN_16 not in payload and _BIN_32 not in payload:
        return False
    containers: list[list[Any] | dict[str, Any]] = [[value]]
    for container in containers:  # grows meanwhile: `value` may nest too deep for a recursion
        items = container.values() if isinstance(container, dict) else container
        kinds = set(map(type, items))
        if not kinds.isdisjoint(_BUFFERS):
            return True
        if not kinds.isdisjoint(_CONTAINERS):
            containers.extend(item for item in items if type(item) in _CONTAINERS)
    return False


def _deeper(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise _too_deep()
    return depth + 1


def _too_deep() -> EncodingError:
    return EncodingError(
        f"cannot send a value nested deeper than {MAX_DEPTH} levels (MAX_DEPTH), or containing "
        "itself"
    )


def _unknown(kind: type) -> EncodingError:
    register = f"call shared_state.register({kind.__name__}) in each program; or "
    return EncodingError(
        f"cannot send a {kind.__module__}.{kind.__qualname__}: convert it to a built-in type; or "
        f"{register if can_register(kind) else ''}let programs that trust each other pickle it, "
        "with connect(pickle=True) and `shared-state serve --allow-pickle`"
    )
