"""The decoder: a payload to its value.

Theory
------
Reading is strict. A payload is one whole value within the limits (`bounds`), and everything else is
a `DecodingError`: whatever a constructor raises about what it was given, too. No code of the user
runs but what the registry says about registered classes, and `resolve` for shared objects.

ormsgpack reads, and asks back (`Decoder._restore`) for each extension. It ignores bytes after the
end of a value. Numbers and short texts have a known size; everything else is read as the first of
two values, of which the second is ours and has to be found where it was put.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, TypeGuard

from ormsgpack import packb, unpackb

from . import arrays, hooks
from .bounds import SIZES, check
from .encoder import PICKLED
from .errors import DecodingError
from .extensions import ARRAY, BUILDERS, DATACLASS, ENUM, INT, REFERENCE, SCALAR, Builders
from .limits import MAX_DEPTH, MAX_NODES, MAX_NUMBER_BYTES
from .placeholders import Opaque
from .registry import Registry
from .split import Split
from .unpacking import unpack

__all__ = ["Decoder", "Resolve"]

Resolve = Callable[[str, str], object]

_BLOBS_8 = frozenset({0xC4, 0xD9})  # bytes and text whose length takes one byte
_BLOBS_32 = frozenset({0xC6, 0xDB})  # the same, four
_LONG_HEADER = 5

_PAIR, _END = b"\x92", 0x656E_646F_6676_616C
_END_BYTES = packb(_END)


class Decoder:
    """Decodes payloads; the arguments are those of `codec.Codec`."""

    __slots__ = ("_builders", "_keep", "_on_extension", "_pickle", "_registry", "_resolve")

    def __init__(self, pickle: bool, keep: bool, resolve: Resolve, registry: Registry) -> None:
        self._pickle = pickle
        self._keep = keep
        self._resolve = resolve
        self._registry = registry
        self._builders: Builders = {**BUILDERS, INT: (bytes, _kept_int)} if keep else BUILDERS
        self._on_extension = self._restore

    def decode(self, payload: Any) -> Any:
        """Return the value of `payload`: bytes, or a `Split` of `bytes`.

        Raises:
            DecodingError: it is not one whole value, over a limit, or has parts unknown here.
        """
        try:
            first = payload[0]
            if SIZES[first] == len(payload):
                return unpackb(payload)
            if first in _BLOBS_8 and payload[1] + 2 == len(payload):
                return unpackb(payload)
            if first == PICKLED:
                return self._unpickle(payload)
            if len(payload) > MAX_DEPTH:
                if _is_long_blob(payload):
                    return unpackb(payload)
                check(payload)
            return self._read(payload)
        except TypeError:
            if type(payload) is Split:  # found out here, so that nobody else is asked
                return payload.body
            raise
        except (ValueError, IndexError) as error:
            refusal = _refusal(error)
            raise refusal from refusal.__cause__

    def _read(self, payload: bytes) -> Any:
        if len(payload) > MAX_NODES:  # `check` has walked it to its end: no need to copy it
            return unpack(payload, ext_hook=self._on_extension)
        value, end = unpack(_PAIR + payload + _END_BYTES, ext_hook=self._on_extension)
        if type(end) is not int or end != _END:
            raise DecodingError("not a value: there are bytes after its end")
        return value

    def _restore(self, tag: int, data: bytes) -> object:
        """Return the value of an extension that ormsgpack asks about."""
        try:
            found = self._builders.get(tag)
            if found is None:
                return self._restore_other(tag, data)
            kind, build = found
            body = self._read(data)
            if type(body) is not kind:
                raise DecodingError(f"not a value: an extension {tag} of a {type(body).__name__}")
            return build(body)
        except BaseException as raised:
            hooks.note(raised)
            raise

    def _restore_other(self, tag: int, data: bytes) -> object:
        """Return the value of an extension that is not of the standard library."""
        if tag == REFERENCE:
            return self._resolve(*_names(self._read_list(data)))
        if tag in (ARRAY, SCALAR):
            try:
                return arrays.build(tag, self._read_list(data))
            except ImportError:
                if not self._keep:
                    raise DecodingError("a value of numpy, which is not installed here") from None
        if self._keep and tag >= 0:  # those below are msgpack's, of which nothing is used
            return Opaque(tag, data)
        if tag in (ENUM, DATACLASS):
            return self._registry.build(tag, self._read_list(data))
        raise DecodingError(f"an extension {tag}, which this version does not know")

    def _read_list(self, data: bytes) -> list[Any]:
        body = self._read(data)
        if _is_list(body):
            return body
        raise DecodingError("not a value: an extension without its parts")

    def _unpickle(self, payload: bytes) -> Any:
        if not self._pickle:
            raise DecodingError(
                "the value was pickled by its sender, and unpickling runs what the sender wrote: "
                "opt in with pickle=True if you trust every client of this server"
            )
        try:
            return pickle.loads(payload[1:])  # noqa: S301  # both ends opted in
        except Exception as error:
            raise DecodingError(f"a pickle that cannot be read: {error}") from error


def _is_long_blob(payload: bytes) -> bool:
    """Return whether all of `payload` is one text, or bytes, which is nothing to be checked."""
    length = int.from_bytes(payload[1:_LONG_HEADER], "big")
    return payload[0] in _BLOBS_32 and len(payload) == _LONG_HEADER + length


def _kept_int(body: bytes) -> object:
    """Return the int, or what stands for it where calculating with it could take minutes."""
    if len(body) > MAX_NUMBER_BYTES:
        return Opaque(INT, packb(body))
    return int.from_bytes(body, "big", signed=True)


def _is_list(body: object) -> TypeGuard[list[Any]]:
    return type(body) is list


def _names(body: list[Any]) -> tuple[str, str]:
    type_name, name = body
    if type(type_name) is not str or type(name) is not str:
        raise DecodingError("not a value: a reference that does not name an object")
    return type_name, name


def _refusal(error: Exception) -> BaseException:
    """Return what to raise where ormsgpack raised `error`, or a hook under it something else."""
    cause = hooks.take() or error
    if isinstance(cause, DecodingError) or not isinstance(cause, Exception):
        return cause
    refusal = DecodingError(f"not a value: {cause}")
    refusal.__cause__ = cause
    return refusal
