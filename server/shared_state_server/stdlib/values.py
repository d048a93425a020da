"""Values of the service's objects, as clients of the standard library store and fetch them.

The service keeps bytes. What they cannot say is pickled, if the server allows pickles, and only
these clients have such a value read here: by the rules that their requests are read by, since any
client may have stored it.
"""

from __future__ import annotations

from typing import Any, NoReturn

from shared_state_protocol.codec import Codec, is_pickled
from shared_state_protocol.errors import DecodingError, EncodingError
from shared_state_protocol.split import Split

from .classes import Classes

__all__ = ["codec_for"]


def codec_for(classes: Classes, *, allow_pickle: bool) -> Codec:
    """Return a codec that pickles nothing but what `classes` may read again."""
    codec = Codec(pickle=allow_pickle)
    write, read = codec.encode, codec.decode

    def decode(payload: bytes | Split) -> Any:
        if allow_pickle and isinstance(payload, bytes) and is_pickled(payload):
            return _unpickled(payload, classes)
        return read(payload)

    def encode(value: object) -> bytes:
        try:
            payload = write(value)
        except EncodingError as error:
            raise EncodingError(
                f"{error}; for a client of multiprocessing.managers the server's --allow-pickle is "
                "enough"
            ) from None
        if is_pickled(payload):
            try:
                _unpickled(payload, classes)
            except DecodingError as error:
                raise EncodingError(f"cannot store what could not be read: {error}") from error
        return payload

    codec.encode = codec.encode_argument = encode
    codec.decode = decode
    return codec


def _unpickled(payload: bytes, classes: Classes) -> Any:
    try:
        return classes.load(payload[1:], _no_proxies, plain_only=False)
    except Exception as error:
        raise DecodingError(f"a pickle that is not read here: {error}") from error


def _no_proxies(*_: object, plain_only: bool) -> NoReturn:
    raise DecodingError("there is a proxy in it, and nothing would keep its object")
