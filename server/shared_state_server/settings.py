"""Settings: everything about a server that somebody may choose, checked before anything starts.

Theory
------
A `Settings` that exists is one that a server can run with: the constructor refuses the rest, and
says which value, what was expected, and what to do. It is frozen, so that no part of the server can
change what another part relies on. It is the only source of defaults and of their reasons: the
command line takes both from here, and names its options and the environment variables
(``SHARED_STATE_PORT``) after the fields.

Two refusals protect users from themselves, and each has one field that says "I know":

* an address that other hosts can reach, because there is no TLS yet: clients and server prove the
  key to each other, but whoever is on the path reads and alters everything after that (`insecure`);
* a key that can be guessed (`allow_weak_key`).

The key is in no ``repr``, and so in no log and no traceback.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field, fields
from inspect import Parameter
from typing import TypeVar

from shared_state_protocol.address import DEFAULT_PORT, MAX_PORT, Address
from shared_state_protocol.authkey import MIN_KEY_BYTES
from shared_state_protocol.contract import contract_name, operations
from shared_state_protocol.errors import InvalidName
from shared_state_protocol.names import check_name, shown
from shared_state_protocol.objects import CONTRACTS
from shared_state_protocol.wire.frames import SHARED
from shared_state_protocol.wire.liveness import check_peer_timeout

__all__ = ["LOG_LEVELS", "MIB", "MIN_FRAME_BYTES", "SHARED_TYPES", "Settings", "reason"]

T = TypeVar("T")

MIB = 1 << 20
LOG_LEVELS = ("debug", "info", "warning", "error")
MIN_FRAME_BYTES = MIB // 2
"""More than a portion of what is iterated over (`streams.PORTION_BYTES`) with all its headers: else
a client could fill a dict by small requests, and no reply could show it."""


def _needs_options(contract: type) -> bool:
    opening = next(each for each in operations(contract) if each.opens)
    return any(each.default is Parameter.empty for each in opening.parameters)


SHARED_TYPES = tuple(sorted(contract_name(each) for each in CONTRACTS if not _needs_options(each)))
"""The types that a name is enough for; the others have an option that only a client can give."""


def setting(default: T, reason: str) -> T:
    """Declare a field together with the reason that it exists."""
    made: T = field(default=default, metadata={"reason": reason})
    return made


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a server runs with. All times are in seconds.

    Raises:
        ValueError: no server can run with this; the message names the value and what to do.
    """

    authkey: bytes = field(repr=False)
    """The secret that clients and server prove to each other."""

    host: str = setting("127.0.0.1", "Address to listen at; a loopback one unless --insecure.")
    port: int = setting(DEFAULT_PORT, "TCP port to listen at; 0 takes any free one.")
    share: tuple[tuple[str, str], ...] = setting(
        (), "Create an object at the start; clients may ask for it by that name alone."
    )
    unix_socket: bool = setting(
        True, "Also listen at a Unix socket, to which clients on this host switch by themselves."
    )
    insecure: bool = setting(
        False, "Listen where other hosts can connect, although nothing is encrypted."
    )
    allow_weak_key: bool = setting(False, f"Accept a key shorter than {MIN_KEY_BYTES} bytes.")
    allow_pickle: bool = setting(
        False, "Store pickled values too; unpickled only for clients of multiprocessing.managers."
    )
    allow_stdlib_clients: bool = setting(
        False, "Serve clients of multiprocessing.managers too; what they send is pickled."
    )
    allow_class: tuple[str, ...] = setting(
        (), "Class, as module:Class, that their pickles may name besides the plain ones."
    )
    log_level: str = setting("info", f"Least urgent kind of log line: {', '.join(LOG_LEVELS)}.")

    drain_timeout: float = setting(
        10.0, "Seconds that requests in progress get to end after the first SIGTERM."
    )
    peer_timeout: float = setting(
        15.0, "Seconds without a sign of life after which a client's connection counts as cut."
    )
    session_grace: float = setting(
        15.0,
        "Seconds in which a client whose connection was cut may return and still hold its locks.",
    )
    busy_poll: float = setting(
        0.002,
        "Seconds to look for the next request before sleeping, while a quarter is enough; 0: none.",
    )
    max_clients: int = setting(
        16_384, "Connections at one time; each costs a file descriptor and some memory."
    )
    max_pending_handshakes: int = setting(
        256, "Connections at one time that have not proved the key yet, from everywhere."
    )
    max_pending_per_address: int = setting(
        32, "The same, from one address: a stranger cannot take every place."
    )
    max_frame_bytes: int = setting(
        64 * MIB, "Largest request or reply; a larger one is refused before it is read."
    )
    output_limit_bytes: int = setting(
        128 * MIB, "Replies kept for a client that does not read them; beyond, it is cut off."
    )

    def __post_init__(self) -> None:
        self._check_address()
        self._check_key()
        self._check_share()
        self._check_classes()
        self._check_times()
        self._check_limits()
        if self.log_level.lower() not in LOG_LEVELS:
            raise ValueError(f"log_level is {self.log_level!r}: one of {', '.join(LOG_LEVELS)}")

    @property
    def address(self) -> Address:
        """Where the server is asked to listen; its port may be 0."""
        return Address("tcp", host=self.host, port=self.port)

    @property
    def log_threshold(self) -> int:
        """The log level as `logging` numbers it."""
        return int(getattr(logging, self.log_level.upper()))

    def _check_address(self) -> None:
        if not 0 <= self.port <= MAX_PORT:
            raise ValueError(f"port is {self.port}: a number from 0 to {MAX_PORT}")
        if not self.insecure and not self.address.is_loopback:
            raise ValueError(
                f"will not listen at {self.host or 'any address'}: other hosts can connect there, "
                "and there is no TLS yet, so traffic is authenticated at the handshake but neither "
                "encrypted nor protected against changes. Listen at 127.0.0.1, or say --insecure "
                "(SHARED_STATE_INSECURE=1) if you trust everybody on that network"
            )

    def _check_key(self) -> None:
        if len(self.authkey) < MIN_KEY_BYTES and not self.allow_weak_key:
            raise ValueError(
                f"the authkey has {len(self.authkey)} bytes, of at least {MIN_KEY_BYTES}: "
                "`shared-state keygen` makes a good one; --allow-weak-key takes even this one"
            )

    def _check_share(self) -> None:
        taken: set[str] = set()
        for name, kind in self.share:
            try:
                check_name(name)
            except InvalidName as error:
                raise ValueError(f"share {shown(f'{name}={kind}')}: {error}") from None
            if kind not in SHARED_TYPES:
                raise ValueError(f"share {name}={kind}: the types are {', '.join(SHARED_TYPES)}")
            if name in taken:
                raise ValueError(f"share {name}={kind}: {name} is there already")
            taken.add(name)

    def _check_classes(self) -> None:
        for name in self.allow_class:
            module, _, qualified = name.partition(":")
            if not module or not qualified:
                raise ValueError(f"allow_class {name}: a class is named as module:Class")
        if self.allow_class and not self.allow_stdlib_clients:
            raise ValueError("allow_class means nothing without allow_stdlib_clients")

    def _check_times(self) -> None:
        for name in ("drain_timeout", "session_grace", "busy_poll"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}: seconds, 0 or more")
        check_peer_timeout(self.peer_timeout)

    def _check_limits(self) -> None:
        for name in ("max_clients", "max_pending_handshakes", "max_pending_per_address"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: 1 or more")
        if self.max_frame_bytes < MIN_FRAME_BYTES:
            raise ValueError(
                f"max_frame_bytes is {self.max_frame_bytes}: {MIN_FRAME_BYTES} or more"
            )
        if self.max_frame_bytes >= SHARED:
            raise ValueError(f"max_frame_bytes is {self.max_frame_bytes}: less than {SHARED}")
        if self.output_limit_bytes < self.max_frame_bytes:
            raise ValueError(
                f"output_limit_bytes is {self.output_limit_bytes}: at least max_frame_bytes "
                f"({self.max_frame_bytes}), or a large reply could never be sent"
            )


def reason(name: str) -> str:
    """Return why a setting exists, for whoever has to explain it to a user."""
    return next(str(each.metadata["reason"]) for each in fields(Settings) if each.name == name)
