"""BaseProxy: a call is a request on this thread's connection to the server of the object.

What differs from the standard library's, which it inherits from:

* a connection that died between two calls, or is the parent's after a fork, is replaced;
* a call that is interrupted takes its connection along, so that the next call is not answered with
  the reply to this one. The next connection is there before the old one goes: the server knows both
  as one session, which loses nothing that it holds;
* methods that return shared objects work in processes that have no manager, and a proxy that
  arrives in a reply knows the key of the connection that it came by.
"""

from __future__ import annotations

import contextlib
import errno
import multiprocessing.managers as stdlib
import os
import threading
import uuid
from collections.abc import Iterable, Mapping
from multiprocessing import AuthenticationError, process
from multiprocessing.context import get_spawning_popen
from typing import Any

from .connecting import ManagerConnection, listener_client
from .errors import convert_to_error
from .pickles import reading

__all__ = ["AutoProxy", "BaseProxy", "MakeProxyType", "RebuildProxy"]

dispatch: Any = stdlib.dispatch  # type: ignore[attr-defined]  # not in stubs

_STAYS = "the connection of a thread stays when its last proxy goes: it holds the thread's locks"
"""An identity that no proxy has: where one is left, the standard library does not disconnect."""

_session: tuple[int, str] = (0, "")


def _session_id() -> str:
    """Return the name of this process as a session; a forked child has another one."""
    global _session  # noqa: PLW0603  # one for each process
    if _session[0] != os.getpid():
        _session = (os.getpid(), uuid.uuid4().hex)
    return _session[1]


class BaseProxy(stdlib.BaseProxy):
    """A proxy for an object of a manager's server, ours or the standard library's."""

    # Attributes of the standard library's class that its stubs do not have.
    _tls: Any
    _idset: Any
    _token: Any
    _id: str
    _manager: Any
    _serializer: str
    _authkey: Any
    _exposed_: Any
    _Client: Any

    def __init__(
        self,
        token: Any,
        serializer: str,
        manager: Any = None,
        authkey: bytes | None = None,
        exposed: Any = None,
        incref: bool = True,
        manager_owned: bool = False,
    ) -> None:
        heard_from = reading.authkey if authkey is None and manager is None else None
        if heard_from is not None:
            authkey = heard_from
        super().__init__(token, serializer, manager, authkey, exposed, False, manager_owned)
        self._Client = listener_client[serializer][1]
        if incref:
            try:
                self._incref()  # type: ignore[attr-defined]  # not in stubs
            except AuthenticationError:
                if heard_from is None:
                    raise
                self._authkey = process.current_process().authkey  # it is another manager's
                self._incref()  # type: ignore[attr-defined]  # as above

    def _connect(self) -> None:
        """Give this thread a connection to the server."""
        _close_what_has_ended()
        name = process.current_process().name
        thread = threading.current_thread()
        if thread is not threading.main_thread():
            name = f"{name}|{thread.name}"
        address = self._token.address
        place = f" at {address[0]} {address[1]}" if isinstance(address, tuple) else ""
        name = f"{name} (session {_session_id()} thread {thread.ident}{place})"
        made = self._Client(address, authkey=self._authkey)
        dispatch(made, None, "accept_connection", (name,))
        self._tls.connection = made
        self._tls.was_connected = True
        self._idset.add(_STAYS)

    def _callmethod(
        self,
        methodname: str,
        args: Iterable[Any] = (),
        kwds: Mapping[Any, Any] = {},  # the standard library's
    ) -> Any:
        """Call a method of the object, and return a copy of its result, or a proxy for it.

        Raises:
            RemoteError: the server failed, or refused; its text says why.
            EOFError, ConnectionResetError: the server went away before it had answered.
            Exception: what the method raised.
        """
        kind, result = self._exchange((self._id, methodname, args, kwds))
        if kind == "#RETURN":
            return result
        if kind == "#PROXY":
            return self._proxy_for(*result)
        try:
            raise convert_to_error(kind, result)
        finally:
            del result  # it has a traceback with this frame in it

    def _exchange(self, request: Any) -> Any:
        """Send a request and return the reply."""
        made = getattr(self._tls, "connection", None)
        is_unusable = getattr(made, "is_unusable", None)  # a connection of others has none
        if made is None or (is_unusable is not None and is_unusable()):
            made = self._reconnected()
        try:
            try:
                made.send(request)
            except (BrokenPipeError, ConnectionResetError):  # gone just now: nothing was done
                made = self._reconnected()
                made.send(request)
            return made.recv()
        except (OSError, EOFError):
            self._forget_connection()
            raise
        except BaseException:
            if getattr(made, "is_in_call", False):
                self._replace_connection()
            raise

    def _reconnected(self) -> Any:
        self._forget_connection()
        try:
            self._connect()
        except FileNotFoundError as error:
            if not getattr(self._tls, "was_connected", False):
                raise
            gone = f"the server at {self._token.address!r} has ended"
            raise BrokenPipeError(errno.EPIPE, gone) from error
        return self._tls.connection

    def _forget_connection(self) -> None:
        made = getattr(self._tls, "connection", None)
        if made is not None:
            del self._tls.connection
            made.close()

    def _replace_connection(self) -> None:
        """Connect anew before leaving: a session without a connection would lose its locks."""
        left = self._tls.connection
        try:
            self._connect()
        except Exception:  # noqa: BLE001  # the caller has another error to hear of
            del self._tls.connection
        finally:
            left.close()

    def _proxy_for(self, exposed: Any, token: Any) -> Any:
        """Return a proxy for an object that a method has returned."""
        token.address = self._token.address
        proxytype = self._proxytype(token.typeid)
        proxy = proxytype(
            token, self._serializer, manager=self._manager, authkey=self._authkey, exposed=exposed
        )
        made = self._Client(token.address, authkey=self._authkey)
        with contextlib.closing(made):
            dispatch(made, None, "decref", (token.id,))
        return proxy

    def _proxytype(self, typeid: str) -> Any:
        if self._manager is not None:
            return self._manager._registry[typeid][-1]
        from .sync_manager import SyncManager

        return SyncManager.proxytype_of(typeid)

    def __reduce__(self) -> Any:
        kwds: dict[str, Any] = {}
        if get_spawning_popen() is not None:
            kwds["authkey"] = self._authkey
        if getattr(self, "_isauto", False):
            kwds["exposed"] = self._exposed_
            return RebuildProxy, (AutoProxy, self._token, self._serializer, kwds)
        return RebuildProxy, (type(self), self._token, self._serializer, kwds)


def _close_what_has_ended() -> None:
    """Close this thread's connections to servers that are gone: no proxy of theirs may do it."""
    known: dict[Any, tuple[Any, Any]] = stdlib.BaseProxy._address_to_local
    for local, _ in list(known.values()):
        made = getattr(local, "connection", None)
        if isinstance(made, ManagerConnection) and not made.is_in_call and made.is_unusable():
            del local.connection
            made.close()


def RebuildProxy(
    func: Any, token: Any, serializer: str, kwds: dict[str, Any]
) -> Any:  # the standard library's
    """Return the proxy that was pickled.

    A child that is being spawned counts its references once it runs, and not before.
    """
    is_inheriting = getattr(process.current_process(), "_inheriting", False)
    incref = kwds.pop("incref", True) and not is_inheriting
    return func(token, serializer, incref=incref, **kwds)


_proxy_types: dict[tuple[str, tuple[str, ...]], Any] = {}


def MakeProxyType(name: str, exposed: Iterable[str], _cache: Any = _proxy_types) -> Any:  # as above
    """Return a proxy class with the methods `exposed`."""
    exposed = tuple(exposed)
    made = _cache.get((name, exposed))
    if made is None:
        theirs: Any = stdlib.MakeProxyType(name, exposed)  # type: ignore[attr-defined]  # not in stubs
        bases: Any = (BaseProxy, theirs)
        made = type(name, bases, {"_exposed_": exposed})
        _cache[name, exposed] = made
    return made


def AutoProxy(  # as above
    token: Any,
    serializer: str,
    manager: Any = None,
    authkey: bytes | None = None,
    exposed: Any = None,
    incref: bool = True,
    manager_owned: bool = False,
) -> Any:
    """Return a proxy for whatever `token` names, with the methods that its server exposes."""
    if exposed is None:
        key = authkey
        if key is None:
            key = reading.authkey if manager is None else manager._authkey
        if key is None:
            key = process.current_process().authkey
        made = listener_client[serializer][1](token.address, authkey=key)
        with contextlib.closing(made):
            exposed = dispatch(made, None, "get_methods", (token,))
    proxy_class = MakeProxyType(f"AutoProxy[{token.typeid}]", exposed)
    proxy = proxy_class(
        token, serializer, manager=manager, authkey=authkey, incref=incref,
        manager_owned=manager_owned,
    )  # fmt: skip
    proxy._isauto = True
    return proxy
