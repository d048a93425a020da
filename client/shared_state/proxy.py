"""Proxies: what every bound object has, whatever its type.

A proxy is (address, type, name). It pickles as these, never with a key; the process that unpickles
it uses its own client of that address, or connects with the key that it finds by itself. The one
exception is the standard library's own: while a child process is being started, what is pickled
goes to that child alone, and `multiprocessing.process.AuthenticationString` lets itself be pickled
just then.

Proxies of the same object are equal where the type has no equality of its own.
"""

from __future__ import annotations

from multiprocessing.context import get_spawning_popen
from multiprocessing.process import AuthenticationString  # type: ignore[attr-defined]  # no stub
from typing import TYPE_CHECKING, Any

from shared_state_protocol.contract import Awaiting, Blocking, Bound, Operation
from shared_state_protocol.errors import EncodingError

if TYPE_CHECKING:
    from .awaiting import AsyncClient
    from .blocking import Client
    from .gate import Gate
    from .reconnect import Opening

__all__ = ["AsyncProxy", "Proxy", "opening_of", "reference_to", "type_name"]


def opening_of(proxy_class: type[Bound]) -> Operation[..., Any]:
    """Return the operation that creates an object of the class."""
    found = (vars(each).get("open") for each in proxy_class.__mro__)
    return next(each for each in found if isinstance(each, Operation))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # of any parameters


def type_name(proxy_class: type[Bound]) -> str:
    """Return the name of the contract that `proxy_class` binds."""
    return opening_of(proxy_class).wire.partition(".")[0]


def reference_to(value: object, client: Client | AsyncClient) -> tuple[str, str] | None:
    """Return the type and name of a shared object, or None for any other value.

    Raises:
        EncodingError: it is of another server than `client` has; the name would mean nothing there.
    """
    if not isinstance(value, (Proxy, AsyncProxy)):
        return None
    if value.client.address != client.address and value.client.instance != client.instance:
        raise EncodingError(
            f"cannot store {value!r} at {client.address}: an object can only be stored in the "
            "server where it lives"
        )
    return type_name(type(value)), value.name


class Proxy(Blocking):
    """What every object of a blocking client has."""

    client: Client
    _opening: Opening  # a name that a namespace does not share

    def __reduce__(self) -> tuple[Any, ...]:
        location, key = self.client.location, None
        if get_spawning_popen() is not None:
            key = AuthenticationString(self.client.key)  # pyright: ignore[reportUnknownVariableType]  # no stub
        return _rebuild, (type(self), location, self.name, key)

    def __repr__(self) -> str:
        return f"<shared {type_name(type(self))} {self.name!r} at {self.client.location}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Proxy) or type(other) is not type(self):
            return NotImplemented
        return (self.name, self.client.location) == (other.name, other.client.location)

    def __hash__(self) -> int:
        return hash((type(self), self.name, self.client.location))


class AsyncProxy(Awaiting):
    """What every object of an async client has."""

    client: AsyncClient | Gate
    _opening: Opening  # a name that a namespace does not share

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(
            "an object of an async client belongs to its event loop and cannot be pickled: send "
            "its name, or use shared_state.connect in the other process"
        )

    def __repr__(self) -> str:
        return f"<shared {type_name(type(self))} {self.name!r} at {self.client.location}, async>"


def _rebuild(proxy_class: type[Proxy], location: str, name: str, key: bytes | None) -> Proxy:
    from .blocking import client_at  # the client makes proxies, and a proxy its client

    return proxy_class(name, client_at(location, None if key is None else bytes(key)))
