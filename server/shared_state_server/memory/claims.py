"""Claims: the items of a queue that somebody has in hand and has not acknowledged.

A claim belongs to a session, which ends it by the number that it gave it: acknowledged, the item is
gone; given back, the attempt has failed. A session that ends has failed at whatever it had claimed,
but for what was still on its way to it. An item that failed is `Tried`: it remembers how often,
wherever in the queue it waits.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any

from shared_state_protocol.errors import (
    ClaimLost,
    ObjectNotFound,
    SharedStateError,
    ShutDown,
    TypeMismatch,
)

from ..lane import Lane, OwnerFields
from ..session import Session, Stake

__all__ = ["Claimed", "Claims", "DeadLetters", "Tried"]

log = logging.getLogger(__name__)


class Tried(bytes):
    """An item, and at how many attempts it has failed."""

    failures: int

    @classmethod
    def once_more(cls, item: bytes) -> Tried:
        """Return `item` after one more failure."""
        tried = cls(item)
        tried.failures = failures_of(item) + 1
        return tried


def failures_of(item: bytes) -> int:
    """Return at how many attempts `item` has failed."""
    return item.failures if isinstance(item, Tried) else 0


class Claimed:
    """An item that somebody has in hand: who, since when (monotonic seconds), by which request."""

    __slots__ = ("item", "lane", "request", "since")

    def __init__(self, item: bytes, lane: Lane, since: float, request: int) -> None:
        self.item = item
        self.lane = lane
        self.since = since
        self.request = request

    @property
    def attempt(self) -> int:
        """Which attempt at the item this is; the first is 1."""
        return failures_of(self.item) + 1

    def has_arrived(self) -> bool:
        """Return whether the item is known to have reached who claimed it."""
        self.lane.read_arrivals()
        return self.request not in self.lane.replies


class Claims:
    """All claims to the items of one queue; `stake` is what a session has in that queue."""

    __slots__ = ("_of", "_stake")

    def __init__(self, stake: Stake) -> None:
        self._of: dict[Session, dict[int, Claimed]] = {}
        self._stake = stake

    def add(self, number: int, claimed: Claimed) -> None:
        """Have the session of the lane claim an item by `number`."""
        session = claimed.lane.session
        self._of.setdefault(session, {})[number] = claimed
        session.stakes[self._stake] = None

    def refuse_number_in_use(self, session: Session, number: int) -> None:
        """Refuse to claim by a number that the session has in use.

        Raises:
            ValueError: it has.
        """
        if number in self._of.get(session, ()):
            raise ValueError(f"there is a claim {number} of this session already")

    def end(self, session: Session, number: int) -> Claimed:
        """End a claim and return it.

        Raises:
            ClaimLost: the session has none of that number, or not any more.
        """
        own = self._of.get(session, {})
        claimed = own.pop(number, None)
        if claimed is None:
            raise ClaimLost(f"claim {number} is over: its item has gone back to the queue")
        if not own:
            self._forget(session)
        return claimed

    def end_all(self, session: Session) -> list[Claimed]:
        """End all claims of a session, and return them in the order in which they were made."""
        claimed = list(self._of.get(session, {}).values())
        self._forget(session)
        return claimed

    def clear(self) -> None:
        """End all claims: the queue is being deleted."""
        for session in list(self._of):
            self._forget(session)

    def any_but_of(self, session: Session) -> bool:
        """Return whether another session has claimed something."""
        return len(self._of) > (session in self._of)

    def owners(self, now: float) -> list[OwnerFields]:
        """Return who has claimed something, once for each item."""
        return [
            claimed.lane.owner(now - claimed.since)
            for own in self._of.values()
            for claimed in own.values()
        ]

    def _forget(self, session: Session) -> None:
        self._of.pop(session, None)
        session.stakes.pop(self._stake, None)


class DeadLetters:
    """Where an item goes that has failed too often: to another queue of the same server.

    `find` returns the behaviour of a name, making one of a type if there is none. What the other
    queue cannot take (it was shut down, or something else has its name by now) returns to its own.

    Raises:
        ValueError: `max_attempts` is less than 1. InvalidName: nothing can have the name.
        TypeMismatch: something has it that is no queue.
    """

    __slots__ = ("_find", "_max_attempts", "_name")

    def __init__(self, max_attempts: int, name: str, find: Callable[..., Any]) -> None:
        if max_attempts < 1:
            raise ValueError(f"'max_attempts' must be at least 1, got {max_attempts}")
        self._max_attempts = max_attempts
        self._name = name
        self._find = find
        with contextlib.suppress(ObjectNotFound):
            self._queue()

    def take(self, item: bytes, now: float) -> bool:
        """Take an item over if it has failed too often; return whether it is theirs now."""
        if failures_of(item) < self._max_attempts:
            return False
        try:
            self._queue(made_as="queue").bury(bytes(item), now)
        except (SharedStateError, ShutDown, TypeError) as error:
            log.warning("the dead-letter queue %r takes nothing: %r", self._name, error)
            return False
        return True

    def _queue(self, made_as: str | None = None) -> Any:
        found = self._find(self._name, made_as)
        if not hasattr(found, "bury"):
            raise TypeMismatch(f"{self._name!r} is no queue, and cannot take dead letters")
        return found
