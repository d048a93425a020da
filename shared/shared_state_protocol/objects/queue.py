"""Queue: first in, first out, between any number of producers and consumers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic

from ..contract import command, delivery, handover, query, waiting
from ..grants import Fence
from ..shapes import V

__all__ = ["Queue"]


class Queue(Generic[V]):
    """A FIFO queue with the methods of `queue.Queue`, and its exceptions.

    Whoever waits longest is served first. An item is handed to a live consumer only, and returns
    to the head of the queue when its delivery cannot be confirmed. A `get` that times out or is
    cancelled has consumed nothing. `timeout` is in seconds; None waits for ever.

    An item that is claimed (`take`) stays the queue's until it is acknowledged. Nobody else can
    have it meanwhile, and `join` waits for it, but it takes no room: so who works on one item can
    put others. It returns to the head of the queue when it is given back, or when the session that
    claimed it ends; there is no time limit but that. Such a return may go over `maxsize`.
    """

    @command
    def open(
        self, maxsize: int = 0, max_attempts: int | None = None, dead_letters: str | None = None
    ) -> None:
        """Create the queue if there is none of that name; `maxsize` 0 or less is no bound.

        A claimed item that has failed `max_attempts` times goes to the queue named `dead_letters`
        instead of back. That one is made when it is first needed. Either option needs the other.
        """

    @waiting
    def put(
        self, item: V, block: bool = True, timeout: float | None = None, *, fence: Fence = None
    ) -> None:
        """Add one item, waiting for room; queue.Full if there was none in time."""

    @command
    def put_nowait(self, item: V, *, fence: Fence = None) -> None:
        """Add one item; queue.Full if there is no room now."""

    @waiting
    def put_many(
        self,
        items: Iterable[V],
        block: bool = True,
        timeout: float | None = None,
        *,
        fence: Fence = None,
    ) -> None:
        """Add several items in one request, all at once, waiting until all have room.

        Raises queue.Full if they had none in time, ValueError if they never can have.
        """

    @delivery
    def get(self, block: bool = True, timeout: float | None = None, *, fence: Fence = None) -> V:
        """Remove and return the oldest item, waiting for one; queue.Empty if none came in time."""

    @handover
    def get_nowait(self, *, fence: Fence = None) -> V:
        """Remove and return the oldest item; queue.Empty if there is none now."""

    @delivery
    def get_many(
        self,
        max_items: int,
        block: bool = True,
        timeout: float | None = None,
        *,
        fence: Fence = None,
    ) -> list[V]:
        """Remove and return up to `max_items` of the oldest, waiting for at least one.

        Raises queue.Empty if none came in time.
        """

    @delivery
    def take(
        self, claim: int, block: bool = True, timeout: float | None = None
    ) -> tuple[int, bytes]:
        """Claim the oldest item, waiting for one; return which attempt at it this is, and the item.

        `claim` is a number that the caller's session has not used before: by it the claim is ended.
        The item comes encoded, so that one that cannot be decoded can be given back. Raises
        queue.Empty if none came in time.
        """

    @command
    def acknowledge(self, claim: int) -> None:
        """Say that a claimed item is dealt with, which counts as its `task_done`.

        Raises `ClaimLost` if the item has gone back to the queue since.
        """

    @command
    def give_back(self, claim: int) -> None:
        """Return a claimed item to the head of the queue: this attempt at it has failed.

        If the item has gone back since, there is nothing to do.
        """

    @query
    def qsize(self) -> int:
        """Return the number of items that nobody has taken yet."""

    @query
    def empty(self) -> bool:
        """Return whether there is no item now."""

    @query
    def full(self) -> bool:
        """Return whether there is no room now."""

    @query
    def maxsize(self) -> int:
        """Return the bound given at creation; 0 is none."""

    @command
    def task_done(self, *, fence: Fence = None) -> None:
        """Say that an item taken earlier is dealt with; ValueError if said too often."""

    @waiting
    def join(self, timeout: float | None = None) -> bool:
        """Wait until every item put has been dealt with; False if `timeout` ran out first."""

    @command
    def shutdown(self, immediate: bool = False, *, fence: Fence = None) -> None:
        """Refuse puts from now on, and gets once empty, with ShutDown (Python 3.13's rule).

        As long as another session has claimed an item, which may return, gets wait for that one.
        `immediate` also drops the items, counts them as dealt with, and wakes every waiter: a
        claimed item that returns is dropped, too.
        """
