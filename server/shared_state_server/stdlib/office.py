"""The office: what a client of the standard library asks of the server itself, and the registry.

A registry maps a typeid to what makes the object, what of it clients may call, and which of its
methods return shared objects in their turn: the tuple that `BaseManager.register` makes. A typeid
that is in no registry may be the name of an object that the service shares.
"""

from __future__ import annotations

import array
import asyncio
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from multiprocessing import process
from typing import TYPE_CHECKING, Any

from shared_state_protocol.errors import ObjectNotFound
from shared_state_protocol.wire.handshake import VERSION, Hello

from ..service import Service
from ..session import Session
from ..settings import MIB
from ..waiting import PARKED, Call
from .adapters import Adapter, adapter_for, adapter_of, is_adapted
from .classes import MANAGERS, Classes, Elsewhere
from .entries import Entries, Entry
from .foreign import foreign_proxy
from .lane import StdlibLane
from .local import local_proxy
from .messages import ERROR, PROXY, RETURN, TRACEBACK, Reply, with_note
from .presence import Presence
from .values import codec_for
from .worker import Workers

if TYPE_CHECKING:
    from .connection import StdlibConnection

_processes: Any = process  # whose stubs lack it

__all__ = ["Office", "exposed_by"]

PREFIX_BYTES = 8
"""Of randomness before the number in an identity: no two servers share one."""

SHOWN_CHARACTERS = 75
"""Of an object's text in `debug_info`."""

_EMPTY: dict[Any, Any] = {}
_VIEWS: tuple[type, ...] = (
    type(_EMPTY.keys()),
    type(_EMPTY.values()),
    type(_EMPTY.items()),
)
_PLAIN_CLASSES: tuple[type, ...] = (list, dict, set, array.array)
_PLAIN_NAMES = frozenset({"Namespace", "Value", "Array"})
"""Those of the standard library's managers that are containers."""

GET_VALUE = "#GETVALUE"

Registered = tuple[Any, Any, Any, Any]


class Office:
    """Keeps what clients of the standard library reach.

    `allowed` names the classes that their pickles may name besides the plain ones; None is any.
    With `allow_pickle`, instances of those may be stored in the service's objects, too.
    `address` is where the server listens, `advertised` what stands for that where it is everywhere.
    """

    public = (
        "shutdown create accept_connection get_methods debug_info number_of_objects dummy incref"
        " decref near".split()
    )

    def __init__(
        self,
        registry: dict[str, Registered],
        authkey: bytes,
        allowed: Iterable[str] | None = None,
        *,
        allow_pickle: bool = False,
    ) -> None:
        self.registry = registry
        self.authkey: bytes = _processes.AuthenticationString(authkey)
        self.address: Any = None
        self.advertised: Any = None
        self.max_frame_bytes = 64 * MIB
        self.workers = Workers()
        self.classes = Classes(allowed)
        self.entries = Entries(os.urandom(PREFIX_BYTES).hex())
        self._adapters: dict[str, Adapter] = {}
        self._codec = codec_for(self.classes, allow_pickle=allow_pickle)
        self.service: Service
        self.presence: Presence
        self.stop: Callable[[], object] = _cannot_stop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0

    def open(self, service: Service) -> None:
        """Serve from now on, in the running loop, beside the objects of `service`."""
        self.service = service
        self.presence = Presence(service)
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        own = Hello(VERSION, "", b"", os.urandom(16), 0, False, "", os.getpid(), "server")
        self._own_session = Session(own)

    # What clients ask for; `c` is the connection

    def dummy(self, c: Any) -> None:
        """Do nothing: somebody looks whether we are there."""

    def near(self, c: StdlibConnection) -> str:
        """Return the path of a Unix socket that clients of this host may use, or nothing."""
        return c.near_path()

    def accept_connection(self, c: StdlibConnection, name: str) -> None:
        """Have a connection carry calls of objects from now on."""
        c.begin_calls(name)
        c.send((RETURN, None))

    def create(
        self, c: Any, typeid: str, /, *args: Any, **kwds: Any
    ) -> tuple[str, tuple[str, ...]]:
        """Make an object, count it once, and return its identity and what it exposes."""
        if typeid not in self.registry:
            entry = self._shared(typeid)
        else:
            entry = self._add(typeid, self._make(typeid, args, kwds))
        return entry.ident, tuple(entry.exposed)

    def incref(self, c: Any, ident: str) -> None:
        """Count one more reference."""
        self.entries.incref(ident)

    def decref(self, c: Any, ident: str) -> None:
        """Count one reference less; the last one lets the object go."""
        self.entries.decref(ident)

    def get_methods(self, c: Any, token: Any) -> tuple[str, ...]:
        """Return what an object exposes."""
        return tuple(self.entries.find(token.id).exposed)

    def number_of_objects(self, c: Any) -> int:
        """Return how many objects clients refer to."""
        return len(self.entries)

    def debug_info(self, c: Any) -> str:
        """Return a text of all objects that clients refer to, with their counts."""
        return "\n".join(
            f"  {entry.ident}:       refcount={count}\n    {str(entry.obj)[:SHOWN_CHARACTERS]}"
            for entry, count in self.entries.counts()
        )

    def shutdown(self, c: StdlibConnection) -> None:
        """End the server."""
        self.stop()
        c.send((RETURN, None))

    # Where things may run

    def may_create_in_loop(self, typeid: Any) -> bool:
        """Return whether an object can be made in the loop: no user's code is run for it."""
        made_by = self.registry.get(typeid, (None,))[0]
        return (
            typeid not in self.registry
            or any(made_by is each for each in _PLAIN_CLASSES)
            or is_adapted(made_by)
            or _is_managers(made_by)
        )

    def may_drop_in_loop(self, ident: Any) -> bool:
        """Return whether an object can end in the loop: no user's code is run for it."""
        try:
            entry = self.entries.find(ident)
        except KeyError:
            return True
        return entry.is_adapter or entry.is_plain

    # Calls

    def perform(self, entry: Entry, method: str, args: Any, kwds: Any) -> Reply:
        """Call a method of an object that is no adapter, and return what to reply."""
        if method not in entry.exposed:
            return self._fall_back(entry, method, args, kwds)
        try:
            result = getattr(entry.obj, method)(*args, **kwds)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the client's
            return ERROR, with_note(error)
        try:
            return self.reply_with(entry, method, result)
        except Exception:  # noqa: BLE001  # whatever a registered callable raises
            return TRACEBACK, traceback.format_exc()

    def reply_with(self, entry: Entry, method: str, result: Any) -> Reply:
        """Return the reply that `result` makes: itself, or a shared object in its place."""
        typeid = entry.method_to_typeid.get(method)
        if typeid is None:
            return RETURN, list(result) if type(result) in _VIEWS else result
        made = self._add(typeid, self._make(typeid, (result,), {}))
        token = sys.modules[MANAGERS].Token(typeid, self.address, made.ident)
        return PROXY, (tuple(made.exposed), token)

    def call_locally(self, entry: Entry, method: str, args: Any, kwds: Any) -> Any:
        """Call a method for somebody in this process; return its result, or raise its error."""
        if entry.is_adapter and method in entry.exposed:
            return self._call_adapter(entry, method, args, kwds)
        kind, content = self.perform(entry, method, args, kwds)
        if kind == RETURN:
            return content
        if kind == ERROR:
            raise content
        if kind == PROXY:
            _, token = content
            made = self.entries.find(token.id)
            self.entries.decref(token.id)  # the proxy holds it
            return local_proxy(self, made, self._proxytype(token.typeid), token, "pickle", {})
        raise sys.modules[MANAGERS].RemoteError(content)

    def rebuild(
        self, made_by: Any, token: Any, serializer: str, kwds: Any, *, plain_only: bool
    ) -> Any:
        """Return the proxy that a client has sent, which is local if its object is here.

        Raises:
            Elsewhere: it is another manager's, and this is to be `plain_only`.
            pickle.UnpicklingError: it is, and clients are not trusted with where to connect to.
            KeyError: its object is no more.
        """
        if self.entries.is_ours(token.id):
            entry = self.entries.find(token.id)
            return local_proxy(self, entry, made_by, token, serializer, kwds)
        if not self.classes.are_unrestricted:
            raise pickle.UnpicklingError(
                f"the proxy of {token.typeid!r} at {token.address!r} is another server's, and this "
                "one connects to no other: store the value, or keep the object here"
            )
        if plain_only:
            raise Elsewhere
        return foreign_proxy(made_by, token, serializer, kwds, self.authkey)

    def _call_adapter(self, entry: Entry, method: str, args: Any, kwds: Any) -> Any:
        """Call in the event loop, and wait for the answer in this thread."""
        assert self._loop is not None
        answer: Future[Reply] = Future()
        agent = threading.get_ident()
        session = self._own_session
        lane = StdlibLane(self.service, session, session.hello, agent, answer.set_result)
        if threading.get_ident() == self._loop_thread:
            self.call_adapter(lane, 1, entry, method, args, kwds)
            if not answer.done():
                lane.withdraw_all(self.service.clock())
                raise RuntimeError(f"{method} would have to wait, where nothing can wait")
        else:
            self._loop.call_soon_threadsafe(self.call_adapter, lane, 1, entry, method, args, kwds)
        kind, content = answer.result()
        if kind == ERROR:
            raise content
        return content

    def call_adapter(
        self, lane: StdlibLane, number: int, entry: Entry, method: str, args: Any, kwds: Any
    ) -> None:
        """Call a method of an adapter, in the event loop; the lane hears of it now or later."""
        call = Call(lane, number, self.service.clock())
        try:
            result = entry.obj.operation(method)(call, *args, **kwds)
        except Exception as error:  # noqa: BLE001  # as above
            lane.fail(number, error)
            return
        if result is not PARKED:
            lane.answer(number, result, call.undo)

    def _fall_back(self, entry: Entry, method: str, args: Any, kwds: Any) -> Reply:
        """Answer what every proxy may ask."""
        obj = entry.obj
        try:
            if method == GET_VALUE:
                return RETURN, obj.value() if isinstance(obj, Adapter) else obj
            if method == "__repr__":
                return RETURN, repr(obj)
            if method == "__str__":
                return RETURN, str(obj)
        except Exception:  # noqa: BLE001  # a lock has no value; users' classes raise whatever
            return TRACEBACK, traceback.format_exc()
        return TRACEBACK, (
            f"AttributeError: method {method!r} of {type(obj)!r} object is not in "
            f"exposed={sorted(entry.exposed)!r}\n"
        )

    # Making objects

    def _make(self, typeid: str, args: tuple[Any, ...], kwds: dict[str, Any]) -> Any:
        made_by = self.registry[typeid][0]
        if made_by is None:
            if kwds or len(args) != 1:
                raise ValueError("Without callable, must have one non-keyword argument")
            return args[0]
        adapter = adapter_for(made_by, args, kwds)
        return made_by(*args, **kwds) if adapter is None else adapter

    def _add(self, typeid: str, obj: Any) -> Entry:
        _, exposed, method_to_typeid, _ = self.registry[typeid]
        returned = _checked_mapping(method_to_typeid)
        names = exposed_by(obj) if exposed is None else frozenset[str](exposed)
        entry = self.entries.add(typeid, obj, names.union(returned), returned)
        entry.is_adapter = isinstance(obj, Adapter)
        entry.is_plain = type(obj) in _PLAIN_CLASSES or _is_managers(type(obj))
        return entry

    def _shared(self, name: str) -> Entry:
        """Return the entry of an object of the service: there is one for each."""
        try:
            behaviour = self.service.objects.behaviour_of(name)
        except ObjectNotFound:
            raise KeyError(name) from None
        adapter = self._adapters.get(name)
        if adapter is None or adapter.behaviour is not behaviour:
            adapter = self._adapters[name] = adapter_of(behaviour, self._codec)
        entry = self.entries.add(name, adapter, adapter.exposed, {})
        entry.is_adapter = True
        return entry

    def _proxytype(self, typeid: str) -> Any:
        proxytype = self.registry[typeid][-1]
        return sys.modules[MANAGERS].AutoProxy if proxytype is None else proxytype


def exposed_by(obj: Any) -> frozenset[str]:
    """Return the public methods of an object."""
    if isinstance(obj, Adapter):
        return obj.exposed
    return frozenset(name for name in dir(obj) if name[0] != "_" and callable(getattr(obj, name)))


def _checked_mapping(method_to_typeid: Any) -> dict[str, str]:
    if method_to_typeid is None:
        return {}
    if not isinstance(method_to_typeid, dict):
        raise TypeError(
            f"Method_to_typeid {method_to_typeid!r}: type {type(method_to_typeid)!s}, not dict"
        )
    return method_to_typeid  # pyright: ignore[reportUnknownVariableType]  # checked by `register`


def _is_managers(made_by: Any) -> bool:
    """Return whether something is one of the containers that the managers add."""
    return (
        getattr(made_by, "__name__", None) in _PLAIN_NAMES
        and getattr(made_by, "__module__", None) == MANAGERS
    )


def _cannot_stop() -> None:
    raise RuntimeError("this server is ended by its operator")
