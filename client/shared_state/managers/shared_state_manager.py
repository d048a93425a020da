"""SharedStateManager: both sides in one class, because a `BaseManager` is both by nature.

``get_server().serve_forever()`` serves in this process, ``start()`` in a child, and ``connect()``
reaches a server that somebody else runs. The server's package is loaded only by the first two.

Where the standard library's manager makes an object that dies with its last proxy, ours makes a
named one that lives until it is deleted or the server ends: a proxy can be lost, or arrive late,
without harm. `client` reaches named objects: ``manager.client.dict("config")``.
"""

from __future__ import annotations

import multiprocessing
import uuid
from collections.abc import Callable, Iterable
from multiprocessing import managers, util
from multiprocessing.connection import Connection
from multiprocessing.managers import BaseManager
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from ..blocking import Client, connect
from ..objects import Dict, List, Lock, Queue

if TYPE_CHECKING:
    from shared_state_server.manager import ManagerServer

__all__ = ["SharedStateManager"]

LOOPBACK = ("127.0.0.1", 0)
"""Where a manager serves that was given no address: any free port, for this host alone."""

STOP_TIMEOUT_S = 15.0
"""For a started server to drain; after that it is killed. Longer than it drains by default."""

State: Any = managers.State  # type: ignore[attr-defined]  # not in stubs

Initializer = Callable[..., object]
Address = tuple[str, int]


class SharedStateManager(BaseManager):
    """Serves and reaches shared objects, as a `multiprocessing.managers.BaseManager`.

    Args:
        address: ``(host, port)`` to serve at or to connect to; by default a free port of this host.
        authkey: what clients have to prove; by default ``current_process().authkey``.
        serializer: accepted for the standard library's sake; only ``"pickle"``, which it names its
            default, means anything. Our own protocol is used in any case.
        ctx: the `multiprocessing` context in which `start` makes its process.
    """

    # Attributes of the standard library's class that its stubs do not have.
    _address: Any
    _authkey: bytes
    _ctx: Any
    _state: Any

    def __init__(
        self,
        address: Address | None = None,
        authkey: bytes | None = None,
        serializer: str = "pickle",
        ctx: Any = None,
    ) -> None:
        if isinstance(address, str):
            raise NotImplementedError(
                f"serving at the Unix socket {address!r} is not there yet: give (host, port); "
                "clients of the same host switch to a Unix socket by themselves"
            )
        super().__init__(address or LOOPBACK, authkey, serializer, ctx)
        self._client: Client | None = None
        self._process: BaseProcess | None = None

    # Serving

    def get_server(self) -> ManagerServer:  # type: ignore[override]  # ours instead of theirs
        """Return a server for this process; its `serve_forever` serves until SIGTERM or SIGINT.

        Raises:
            OSError: the address is taken, or not one of this host's.
        """
        self._expect(State.INITIAL, "get_server")
        return _make_server(self._address, bytes(self._authkey))

    def start(self, initializer: Initializer | None = None, initargs: Iterable[Any] = ()) -> None:
        """Serve in a child process, and connect to it.

        Raises:
            OSError: the address is taken, or not one of this host's.
        """
        self._expect(State.INITIAL, "start")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        reader, writer = multiprocessing.Pipe(duplex=False)
        process: BaseProcess = self._ctx.Process(
            target=_serve,
            args=(self._address, self._authkey, writer, initializer, tuple(initargs)),
            name=f"{type(self).__name__}-server",
        )
        process.start()
        self._process = process
        writer.close()
        self._address = _address_from(reader)
        self._join(process)

    # Reaching

    def connect(self) -> None:
        """Connect to a server that is running.

        Raises:
            ConnectionRefusedError: nobody listens at the address.
            multiprocessing.AuthenticationError: the server has another key.
        """
        self._join(None)

    @property
    def address(self) -> Address:
        """Where the server listens, or is to listen: host and port."""
        host, port = self._address
        return host, port

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

    # Ending

    def shutdown(self) -> None:  # type: ignore[override]  # theirs is made by `start`
        """End the server that this manager started, or leave the one it connected to."""
        if self._client is not None:
            self._finalize()

    def __exit__(self, *exc_info: object) -> None:
        self.shutdown()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the process of a started server, up to `timeout` seconds."""
        if self._process is not None:
            self._process.join(timeout)

    # What is not there yet

    @classmethod
    def register(cls, typeid: str, *args: Any, **kwargs: Any) -> None:
        """Not there yet.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            f"cannot register {typeid!r}: SharedStateManager serves dict, list, Queue and Lock; "
            "named objects are reached by manager.client, for example manager.client.queue('jobs')"
        )

    def _create(self, typeid: str, /, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"SharedStateManager does not make {typeid!r}")

    # Inside

    def _expect(self, state: Any, action: str) -> None:
        if self._state.value != state:
            raise AssertionError(f"{action} on a manager that is started, connected or shut down")

    def _join(self, process: BaseProcess | None) -> None:
        client = connect(self._address, authkey=bytes(self._authkey))
        self._client = client
        self._state.value = State.STARTED
        self._finalize = util.Finalize(
            self, _end, args=(client, process, self._state), exitpriority=0
        )


def _fresh_name(type_name: str) -> str:
    return f"{type_name}-{uuid.uuid4().hex}"


def _make_server(address: Address, authkey: bytes) -> ManagerServer:
    from shared_state_server.manager import ManagerServer  # the one door between the two packages

    return ManagerServer(address, authkey)


def _serve(
    address: Address,
    authkey: bytes,
    writer: Connection,
    initializer: Initializer | None,
    initargs: tuple[Any, ...],
) -> None:
    """Serve in a child, having told the parent where, or why not."""
    try:
        if initializer is not None:
            initializer(*initargs)
        server = _make_server(address, bytes(authkey))
    except BaseException as error:
        writer.send(error)
        raise
    writer.send(server.address)
    writer.close()
    server.serve_until_orphaned()


def _address_from(reader: Connection) -> Address:
    try:
        said = reader.recv()
    except EOFError:
        raise RuntimeError("the server's process ended before it listened") from None
    finally:
        reader.close()
    if isinstance(said, BaseException):
        raise said
    return (said[0], said[1])


def _end(client: Client, process: BaseProcess | None, state: Any) -> None:
    client.close()
    state.value = State.SHUTDOWN
    if process is None or not process.is_alive():
        return
    process.terminate()
    process.join(STOP_TIMEOUT_S)
    if process.is_alive():
        process.kill()
        process.join()
