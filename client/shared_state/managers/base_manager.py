"""BaseManager: both sides in one class, as in the standard library, from which it inherits.

`start` serves in a child process, ``get_server().serve_forever()`` in this one, and `connect`
reaches a server that somebody else runs, ours or the standard library's. The server's package is
loaded only by the first two.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing.managers as stdlib
import pickle
import signal
from collections.abc import Callable, Iterable, Mapping
from multiprocessing import ProcessError, connection, util
from typing import Any

from .base_proxy import AutoProxy
from .connecting import listener_client

__all__ = ["BaseManager", "StartError"]

State: Any = stdlib.State  # type: ignore[attr-defined]  # not in stubs
dispatch: Any = stdlib.dispatch  # type: ignore[attr-defined]  # not in stubs

Initializer = Callable[..., object]
Registered = tuple[Any, Any, Any, Any]


class StartError(OSError, EOFError):
    """The server's process ended before it listened; its cause says why.

    An `EOFError`, as the standard library raises it; also an `OSError`, with the number of the
    error that the process met, if it met one.
    """


class _LazyServer:
    """`BaseManager._Server`: the class, loaded when somebody asks for it."""

    def __get__(self, instance: object, owner: type) -> Any:
        from shared_state_server.stdlib.server import Server  # the one door to the other package

        return Server


class BaseManager(stdlib.BaseManager):
    """Serves and reaches shared objects.

    Args:
        address: ``(host, port)`` or the path of a Unix socket, to serve at or to connect to; by
            default a Unix socket of its own.
        authkey: what both sides have to prove; by default ``current_process().authkey``.
        serializer: ``"pickle"`` or ``"xmlrpclib"``.
        ctx: the `multiprocessing` context in which `start` makes its process.
        shutdown_timeout: for how many seconds `shutdown` waits for the process, and after
            `terminate` once more.
    """

    _registry: dict[str, Registered] = {}  # noqa: RUF012  # the standard library's: one for each class
    _Server: Any = _LazyServer()
    _server_options: Mapping[str, Any] = {}

    # Attributes of the standard library's class that its stubs do not have.
    _address: Any
    _authkey: Any
    _ctx: Any
    _serializer: str
    _state: Any
    _Client: Any
    _process: Any

    def __init__(
        self,
        address: Any = None,
        authkey: bytes | None = None,
        serializer: str = "pickle",
        ctx: Any = None,
        *,
        shutdown_timeout: float = 1.0,
    ) -> None:
        super().__init__(address, authkey, serializer, ctx)
        self._shutdown_timeout = shutdown_timeout
        self._Listener, self._Client = listener_client[serializer]
        self._process = None

    def get_server(self) -> Any:
        """Return a server for this process, which listens and serves once it is told to.

        Raises:
            OSError: the address is taken, or not one of this host's.
            multiprocessing.ProcessError: this manager is started or shut down.
        """
        self._expect_initial()
        return self._Server(
            self._registry, self._address, self._authkey, self._serializer, **self._server_options
        )

    def connect(self) -> None:
        """Connect to a server that is running.

        Raises:
            ConnectionRefusedError, FileNotFoundError: nobody listens at the address.
            TimeoutError: somebody listens, and does not answer.
            multiprocessing.AuthenticationError: the server has another key.
        """
        client = listener_client[self._serializer][1]
        with contextlib.closing(client(self._address, authkey=self._authkey)) as made:
            dispatch(made, None, "dummy")
        self._state.value = State.STARTED

    def start(self, initializer: Initializer | None = None, initargs: Iterable[Any] = ()) -> None:
        """Serve in a child process, and connect to it.

        Raises:
            StartError: the process ended before it listened.
            multiprocessing.ProcessError: this manager is started or shut down.
            TypeError, pickle.PicklingError: the registry cannot be sent to a process that is not
                forked; the message says which entry, and what to do.
        """
        self._expect_initial()
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        _load_server()
        reader, writer = connection.Pipe(duplex=False)
        with reader, writer:
            self._process = self._make_process(writer, initializer, initargs)
            self._start_process(self._process)
            writer.close()
            self._address = _address_from(reader)
        self._state.value = State.STARTED
        self.shutdown = util.Finalize(
            self,
            type(self)._finalize_manager,
            args=(
                self._process,
                self._address,
                self._authkey,
                self._state,
                self._Client,
                self._shutdown_timeout,
            ),
            exitpriority=0,
        )

    @property
    def address(self) -> Any:
        """Where the server listens, or is to listen: host and port, or a path."""
        return self._address

    def __exit__(self, *exc_info: object) -> None:
        if "shutdown" in vars(self):  # one that has only connected ends nothing
            self.shutdown()

    @classmethod
    def register(
        cls,
        typeid: str,
        callable: Callable[..., Any] | None = None,  # noqa: A002  # the standard library's
        proxytype: Any = None,
        exposed: Iterable[str] | None = None,
        method_to_typeid: Mapping[str, str] | None = None,
        create_method: bool = True,
    ) -> None:
        """Register a typeid: what makes its objects, and what clients may call on them.

        Args:
            typeid: the name, which becomes a method of the manager.
            callable: makes the object; None in clients that only connect.
            proxytype: the class of proxies for it; by default `AutoProxy`.
            exposed: the methods that clients may call; by default the proxy class's, or else all
                whose names do not begin with an underscore.
            method_to_typeid: methods that return shared objects, and of what typeid.
            create_method: whether the manager gets the method.
        """
        super().register(
            typeid,
            callable,
            AutoProxy if proxytype is None else proxytype,
            exposed,  # type: ignore[arg-type]  # any iterable of names
            method_to_typeid,
            create_method,
        )

    @classmethod
    def proxytype_of(cls, typeid: str) -> Any:
        """Return what makes proxies for a typeid; `AutoProxy` where it is not registered."""
        return cls._registry.get(typeid, (AutoProxy,))[-1]

    def _expect_initial(self) -> None:
        if self._state.value == State.STARTED:
            raise ProcessError("Already started server")
        if self._state.value == State.SHUTDOWN:
            raise ProcessError("Manager has shut down")

    def _make_process(
        self, writer: Any, initializer: Initializer | None, initargs: Iterable[Any]
    ) -> Any:
        arguments = (
            self._registry,
            self._address,
            self._authkey,
            self._serializer,
            writer,
            initializer,
            initargs,
        )
        process = self._ctx.Process(
            target=type(self)._run_server, args=arguments, kwargs=dict(self._server_options)
        )
        process.name = f"{type(self).__name__}-{process.name.rpartition('-')[2]}"
        return process

    def _start_process(self, process: Any) -> None:
        try:
            process.start()
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            culprit = _unpicklable(self._registry)
            if culprit is None:
                raise
            raise pickle.PicklingError(
                f"typeid {culprit!r} cannot be sent to the manager's process, which is not forked: "
                f"{self._registry[culprit][0]!r} has no name that can be imported there. Register "
                "a function or class at the top of a module, start by fork, or serve in this "
                "process with get_server()"
            ) from error

    @classmethod
    def _run_server(
        cls,
        registry: dict[str, Registered],
        address: Any,
        authkey: bytes,
        serializer: str,
        writer: Any,
        initializer: Initializer | None = None,
        initargs: Iterable[Any] = (),
        **options: Any,
    ) -> None:
        """Serve in the child, having told the parent where, or why not."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to deal with
        try:
            if initializer is not None:
                initializer(*initargs)
            server = cls._Server(registry, address, authkey, serializer, **options)
        except BaseException as error:
            _tell(writer, error)
            raise
        _tell(writer, server.advertised)
        writer.close()
        util.info("manager serving at %r", server.address)
        server.serve_until_orphaned()

    @staticmethod
    def _finalize_manager(
        process: Any,
        address: Any,
        authkey: bytes,
        state: Any,
        _Client: Any,  # noqa: N803  # the standard library's
        shutdown_timeout: float = 1.0,
    ) -> None:
        """Ask the server to end, and see to it that it does."""
        if process.is_alive():
            with (
                contextlib.suppress(Exception),
                contextlib.closing(_Client(address, authkey=authkey)) as made,
            ):
                dispatch(made, None, "shutdown")
            for end in (lambda: None, process.terminate, process.kill):
                end()
                process.join(timeout=shutdown_timeout)
                if not process.is_alive():
                    break
        state.value = State.SHUTDOWN
        known: dict[Any, Any] = stdlib.BaseProxy._address_to_local
        known.pop(address, None)


def _load_server() -> None:
    """Load the server here once, so that no forked server has to do it again."""
    importlib.import_module("shared_state_server.stdlib.server")


def _tell(writer: Any, said: Any) -> None:
    try:
        writer.send(said)
    except Exception as error:  # noqa: BLE001  # an error that cannot be pickled is told in words
        writer.send(RuntimeError(f"{said!r} ({error})"))


def _address_from(reader: Any) -> Any:
    try:
        said = reader.recv()
    except EOFError:
        raise StartError("the server's process ended before it listened") from None
    if isinstance(said, OSError):
        raise StartError(said.errno, said.strerror) from said
    if isinstance(said, BaseException):
        raise StartError(f"the server could not start: {said!r}") from said
    return said


def _unpicklable(registry: dict[str, Registered]) -> str | None:
    """Return the first typeid whose entry cannot be pickled."""
    for typeid, entry in registry.items():
        try:
            pickle.dumps(entry)
        except Exception:  # noqa: BLE001  # whatever its pickling raises
            return typeid
    return None
