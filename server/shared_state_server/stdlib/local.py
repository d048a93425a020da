"""Local proxies: proxies that have come home.

A proxy that a client sends to the server of its object would, in the standard library, call that
server through its own port. Here it is of the same class and has the same methods, but its calls go
to the object directly; it counts no reference, and holds the entry for as long as it is kept. When
it leaves again, in a reply, it is the proxy that came, with the address at which the client that
gets it reached this server.
"""

from __future__ import annotations

import functools
import sys
import threading
from multiprocessing.context import get_spawning_popen
from typing import TYPE_CHECKING, Any

from shared_state_protocol.address import Address

from .classes import MANAGERS, is_managers
from .entries import Entry

if TYPE_CHECKING:
    from .office import Office

__all__ = ["WILDCARDS", "LocalProxy", "answering", "local_object", "local_proxy"]

WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104  # what no client can connect to


class _Answering(threading.local):
    """The client that is being answered: the address at which it has reached this server.

    `sent` collects the entries of the proxies that it is sent: they are kept until it counts them.
    """

    address: Any = None
    sent: list[Entry] | None = None


answering = _Answering()


class LocalProxy:
    """What makes a proxy class local, as its first base."""

    _entry: Entry
    _office: Office
    _made_by: Any
    _token: Any
    _serializer: str
    _authkey: bytes

    def _callmethod(self, methodname: str, args: Any = (), kwds: Any = None) -> Any:
        return self._office.call_locally(self._entry, methodname, args, kwds or {})

    def _connect(self) -> None:
        """Connect to nobody: the object is here."""

    def _incref(self) -> None:
        """Count nothing: the entry is held."""

    def __reduce__(self) -> Any:
        managers: Any = sys.modules[MANAGERS]
        token = self._token
        kwds: dict[str, Any] = {}
        if answering.sent is not None:
            answering.sent.append(self._entry)
            token = managers.Token(
                token.typeid, _seen_from(self._office, answering.address, token), token.id
            )
        if get_spawning_popen() is not None:
            kwds["authkey"] = self._authkey
        if getattr(self, "_isauto", False):
            kwds["exposed"] = self._exposed_  # type: ignore[attr-defined]  # a proxy class's
        rebuilt = managers.RebuildProxy, (self._made_by, token, self._serializer, kwds)
        return (*rebuilt, *_own_state(self)) if _is_own(self._made_by, "__reduce__") else rebuilt


def _seen_from(office: Office, address: Any, token: Any) -> Any:
    """Return the address of a token for a client that has reached this server at `address`.

    It is the one that came with it, which may be a name that only clients know, unless that is of
    use on one host alone, or is our own for a server that listens everywhere.
    """
    came = token.address
    if not _is_tcp(address):
        return came
    if came[0] in WILDCARDS or came == office.advertised:
        return address[:2]
    is_near = not _is_tcp(came) or _is_loopback(came[0])
    return address[:2] if is_near and not _is_loopback(address[0]) else came


def _is_tcp(address: Any) -> bool:
    return isinstance(address, tuple)


def _is_loopback(host: str) -> bool:
    return Address("tcp", host, 1).is_loopback


def local_object(proxy: LocalProxy) -> Any:
    """Return what a local proxy stands for."""
    return proxy._entry.obj  # pyright: ignore[reportPrivateUsage]  # of this module


def local_proxy(
    office: Office, entry: Entry, made_by: Any, token: Any, serializer: str, kwds: dict[str, Any]
) -> Any:
    """Return the proxy of `entry` that `made_by`, a proxy class or `AutoProxy`, would make."""
    is_class = isinstance(made_by, type)
    proxy_class = (
        _local_class(made_by) if is_class else _local_auto_class(entry.typeid, entry.exposed)
    )
    proxy: Any = object.__new__(proxy_class)
    attributes: dict[str, Any] = {
        "_entry": entry,
        "_office": office,
        "_made_by": made_by,
        "_token": token,
        "_id": token.id,
        "_manager": None,
        "_serializer": serializer,
        "_authkey": office.authkey,
        "_owned_by_manager": True,
    }
    if not is_class:
        attributes["_isauto"] = True
    for name, value in attributes.items():
        object.__setattr__(proxy, name, value)  # a namespace's own sets attributes of its object
    if _is_own(made_by, "__init__"):
        proxy.__init__(token, serializer, **{"authkey": office.authkey, **kwds})
    return proxy


def _is_own(made_by: Any, method: str) -> bool:
    """Return whether a user's proxy class has a method of its own, and not that of the managers."""
    module = getattr(getattr(made_by, method, None), "__module__", None)
    return isinstance(made_by, type) and module is not None and not is_managers(module)


def _own_state(proxy: LocalProxy) -> tuple[Any, ...]:
    """Return what the `__reduce__` of a user's proxy class has behind how to make a proxy."""
    return tuple(super(LocalProxy, proxy).__reduce__())[2:]


@functools.lru_cache(maxsize=1024)
def _local_class(made_by: type) -> Any:
    return type(made_by.__name__, (LocalProxy, made_by), {"__module__": made_by.__module__})


@functools.lru_cache(maxsize=1024)
def _local_auto_class(typeid: str, exposed: frozenset[str]) -> Any:
    managers: Any = sys.modules[MANAGERS]
    return _local_class(managers.MakeProxyType(f"AutoProxy[{typeid}]", tuple(sorted(exposed))))
