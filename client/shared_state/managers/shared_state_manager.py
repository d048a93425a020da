"""SharedStateManager: a `SyncManager` whose own types are named objects, on our own wire.

Where the standard library's manager makes an object that dies with its last proxy, this one makes a
named one that lives until it is deleted or the server ends: a proxy can be lost, or arrive late,
without harm. `client` reaches named objects: ``manager.client.dict("config")``.

Clients of the standard library are served on the same port. What they send is unpickled by an exact
list of classes, plain ones and those that `allow` names.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from multiprocessing import util
from typing import Any

from ..blocking import Client, connect
from ..objects import Dict, List, Lock, Queue
from .base_manager import Initializer, State
from .sync_manager import SyncManager

__all__ = ["SharedStateManager"]

LOOPBACK = ("127.0.0.1", 0)
"""Where a manager serves that was given no address: any free port, for this host alone."""

SHUTDOWN_TIMEOUT_S = 15.0
"""For a started server to drain; after that it is ended. Longer than it drains by default."""


class SharedStateManager(SyncManager):
    """Serves and reaches shared objects, to our clients and to the standard library's.

    Args:
        address: ``(host, port)`` or the path of a Unix socket, to serve at or to connect to; by
            default a free port of this host.
        authkey: what clients have to prove; by default ``current_process().authkey``.
        serializer: what this manager itself uses for registered types; clients may use either.
        ctx: the `multiprocessing` context in which `start` makes its process.
        shutdown_timeout: for how many seconds `shutdown` waits for the server.
        allow: classes, as ``module:Class``, that a pickle from a client may name besides the plain
            ones; None allows any, which lets whoever has the key run any code in the server.
    """

    def __init__(
        self,
        address: Any = None,
        authkey: bytes | None = None,
        serializer: str = "pickle",
        ctx: Any = None,
        *,
        shutdown_timeout: float = SHUTDOWN_TIMEOUT_S,
        allow: Iterable[str] | None = (),
    ) -> None:
        super().__init__(
            LOOPBACK if address is None else address,
            authkey,
            serializer,
            ctx,
            shutdown_timeout=shutdown_timeout,
        )
        self._server_options = {"allowed": None if allow is None else tuple(allow)}
        self._client: Client | None = None

    def start(self, initializer: Initializer | None = None, initargs: Iterable[Any] = ()) -> None:
        """Serve in a child process, and connect to it. Raises as `BaseManager.start` does."""
        super().start(initializer, initargs)
        client = self._join()
        self.shutdown: Any = util.Finalize(self, _end, args=(client, self.shutdown), exitpriority=1)

    def connect(self) -> None:
        """Connect to a server of ours that is running.

        Raises:
            ConnectionRefusedError: nobody listens at the address.
            multiprocessing.AuthenticationError: the server has another key.
        """
        client = self._join()
        self.shutdown = util.Finalize(self, client.close, exitpriority=1)
        self._state.value = State.STARTED

    @property
    def client(self) -> Client:
        """The client that this manager connected; it reaches objects by name."""
        if self._client is None:
            raise AssertionError("this manager is neither started nor connected")
        return self._client

    def dict(self, *args: Any, **kwargs: Any) -> Dict[Any, Any]:
        """Create a dict with the content that `dict` would give it."""
        made = self.client.dict(_fresh_name("dict"))
        if args or kwargs:
            made.update(*args, **kwargs)
        return made

    def list(self, items: Iterable[Any] = ()) -> List[Any]:
        """Create a list of `items`."""
        made = self.client.list(_fresh_name("list"))
        made.extend(items)
        return made

    def Queue(self, maxsize: int = 0) -> Queue[Any]:  # its typeid
        """Create a queue."""
        return self.client.queue(_fresh_name("queue"), maxsize)

    def Lock(self) -> Lock:  # its typeid
        """Create a lock."""
        return self.client.lock(_fresh_name("lock"))

    def _join(self) -> Client:
        address: Any = self._address
        if isinstance(address, str):
            address = f"unix://{address}"
        self._client = connect(address, authkey=bytes(self._authkey))
        return self._client


def _end(client: Client, end_server: Callable[[], object]) -> None:
    client.close()
    end_server()


def _fresh_name(type_name: str) -> str:
    return f"{type_name}-{uuid.uuid4().hex}"
