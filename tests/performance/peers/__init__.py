"""Whom we compare: each peer is one product over one transport, with a server of its own.

A peer starts a server (`serve`) and, in a client process, turns the server's address into
*operations*: callables without arguments, so that the measuring loop is the same for everybody
and adds the same to everybody. What a peer can do is said by the methods it has: one protocol
below per kind of work, and a workload asks for the one it needs. A new kind of work is a
protocol here, a method on the peers that can do it and a file in `workloads/`.

Peers are frozen dataclasses: they travel to spawned processes, and they are the keys of every
result. They import their product where it is used, so that nobody's client process pays for
another's modules, and by name, so that the type checkers need not have it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, runtime_checkable

from tests.performance.serving import Server

Transport = Literal["TCP", "Unix"]
Operation = Callable[[], object]
AsyncOperation = Callable[[], Awaitable[object]]

KEY = "performance"
VALUE = "sixteen letters!"
"""A small string, as configuration and counters are."""

PAIRS = tuple((f"user-{number:06d}", f"sixteen {number:07d}!") for number in range(4096))
"""What every peer sets and gets in turn, as long as KEY and VALUE: more keys than any peer's client
remembers, and made before, so that nobody pays for making them."""

LARGE_KEY = "large"
ITEMS = "items"
"""Names of what else is shared, where a peer names it by a key."""

AUTHKEY = b"a key that only this run uses, once"


def not_installed(module: str, package: str) -> str | None:
    """Return why a peer cannot run that needs this module, or None."""
    return None if importlib.util.find_spec(module) else f"{package} is not installed"


def full_name(peer: Peer) -> str:
    """Return how a peer is called where its transport is not in a column of its own."""
    return f"{peer.product} over {peer.transport}"


class Peer(Protocol):
    """A product over a transport."""

    @property
    def product(self) -> str:
        """Its name in the tables."""
        ...

    @property
    def transport(self) -> Transport:
        """How its clients reach its server."""
        ...

    @property
    def is_heavy(self) -> bool:
        """Whether its clients are too heavy for a crowd of them."""
        ...

    def missing(self) -> str | None:
        """Why it cannot run here, or None."""
        ...

    def version(self) -> str:
        """What exactly is measured."""
        ...

    def serve(self) -> AbstractContextManager[Server]:
        """Run its server."""
        ...


@runtime_checkable
class SetsAndGets(Peer, Protocol):
    """Has a shared mapping."""

    def set_and_get(self, address: Any) -> Sequence[Operation]:
        """Connect; return one operation that sets the next of PAIRS and one that gets it."""
        ...


@runtime_checkable
class KeepsLargeValues(Peer, Protocol):
    """Has a shared mapping whose values may be large."""

    def set_and_get_large(self, address: Any, size: int) -> Sequence[Operation]:
        """Connect; return one operation that sets LARGE_KEY to `size` bytes and one to get them."""
        ...


@runtime_checkable
class Queues(Peer, Protocol):
    """Has a shared queue."""

    def put_and_get(self, address: Any) -> Sequence[Operation]:
        """Connect; return one operation that puts VALUE and one that waits for an item."""
        ...


@runtime_checkable
class Locks(Peer, Protocol):
    """Has shared locks."""

    def acquire_and_release(self, address: Any, name: str) -> Sequence[Operation]:
        """Connect; return one operation that waits for the lock `name` and one that frees it."""
        ...


@runtime_checkable
class SharesArrays(Peer, Protocol):
    """Has a shared array of doubles."""

    def read_array(self, address: Any, length: int) -> Sequence[Operation]:
        """Connect; return one operation that reads `length` doubles as one buffer."""
        ...

    def slice_array(self, address: Any, length: int) -> Sequence[Operation]:
        """Connect; return one operation that reads `length` doubles as a list of floats."""
        ...


@runtime_checkable
class Batches(Peer, Protocol):
    """Sends many requests in one write."""

    def batch(self, address: Any, size: int) -> Sequence[Operation]:
        """Connect; return one operation: a batch of `size` requests that set and get PAIRS."""
        ...


@runtime_checkable
class SetsAndGetsInTasks(Peer, Protocol):
    """Has an async client that many tasks use at the same time."""

    async def set_and_get_in_tasks(self, address: Any, tasks: int) -> Sequence[AsyncOperation]:
        """Connect for so many tasks; return operations: set the next of PAIRS, and get it."""
        ...


@runtime_checkable
class ParksClients(Peer, Protocol):
    """Has async clients that wait for an item of a queue."""

    async def getter(self, address: Any) -> AsyncOperation:
        """Connect one client; return an operation that waits for an item."""
        ...

    async def putter(self, address: Any) -> AsyncOperation:
        """Connect one client; return an operation that puts VALUE."""
        ...


@runtime_checkable
class KeepsIdleClients(Peer, Protocol):
    """Has clients that are connected and do nothing."""

    def idle_clients(self, address: Any, count: int) -> list[Any]:
        """Connect `count` clients that have done a request each; they live as the list does."""
        ...


@runtime_checkable
class KeepsManyItems(Peer, Protocol):
    """Has a shared mapping that can be filled with many items at once."""

    def filler(self, address: Any) -> Callable[[dict[int, bytes]], object]:
        """Connect; return what adds all items of a dict to the shared mapping."""
        ...
