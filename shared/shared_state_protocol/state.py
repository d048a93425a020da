"""State: what a server offers beside its objects, as a contract like any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .contract import command, handover, query, stream

__all__ = ["Holding", "LockInfo", "ObjectInfo", "Owner", "State"]


class Owner(NamedTuple):
    """Who holds something: host name, process id, thread name, and for how many seconds."""

    host: str
    pid: int
    thread: str
    seconds: float


class ObjectInfo(NamedTuple):
    """What people want to know of an object.

    `type` is its contract's name, `size` its number of items, `owners` who holds it now, `waiters`
    how many requests wait for it.
    """

    name: str
    type: str
    size: int
    owners: list[Owner]
    waiters: int


class Holding(NamedTuple):
    """One time of holding a lock or a permit.

    `agent` names the thread or task within its process, 0 where that makes no difference; `token`
    and `abandoned` are those of the `Grant`.
    """

    owner: Owner
    agent: int
    token: int
    abandoned: bool


class LockInfo(NamedTuple):
    """Who holds something that can be held, and who waits for it since when, longest first."""

    name: str
    type: str
    holdings: list[Holding]
    waiters: list[Owner]


class State:
    """The whole state of one server."""

    @stream
    def objects(self) -> Iterator[ObjectInfo]:
        """Yield the objects, ordered by name, as they were at one moment."""

    @query
    def locks(self) -> list[LockInfo]:
        """Return what is held or waited for, ordered by name."""

    @command
    def delete(self, name: str) -> bool:
        """Remove an object, and fail whoever waits on it; False if there is none."""

    @command
    def batch(self, targets: Any, requests: Any) -> Any:
        """Carry out many requests, none of which may wait, in order; each takes effect by itself.

        A target is ``[wire, name]``, an operation and an object, and a request is ``[target,
        argument, …]``, where the target is its place among them. Returns the results, for fewer
        requests, from the first on, if they have become large; and of each that failed, whose
        result is nil, ``[its place, error, [argument, …]]``.
        """

    @query
    def version(self) -> str:
        """Return the version of the server; the shortest round trip there is."""

    @handover
    def next_portion(self, cursor: int) -> Any:
        """Return what follows in a stream: the cursor again (nil at the end) and a portion.

        A handover, because it moves the cursor: sent again, it has to give the same portion again,
        and the server may forget the portion as soon as it has arrived.
        """

    @command
    def close_cursor(self, cursor: int) -> None:
        """Forget a stream that is not read to its end."""
