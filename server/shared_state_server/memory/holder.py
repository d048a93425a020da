"""Holders: who has a lock or a permit, by which token, and what the token guards.

Every grant makes a new holder with a new token. Tokens of one object only grow: its counter goes on
from the largest that an object of the server had when it was deleted, so also a lock that is made
again under its old name has larger ones.

A guarded request that waits (a `put` for room) is refused when its holder has given back: what it
does would be done after the fact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from shared_state_protocol.errors import StaleFence

from ..lane import Lane, OwnerFields
from ..waiting import Waiter

__all__ = ["Holder", "Owned", "Want", "want_of"]


class Want(NamedTuple):
    """What a waiter wants: to hold it as `agent`, `depth` times.

    `woken` is whether a condition's waiter was notified, None for who does not wait for that.
    `undone` is called if the answer did not arrive.
    """

    agent: int = 0
    depth: int = 1
    woken: bool | None = None
    undone: Callable[[float], None] | None = None


@lru_cache(1024)
def want_of(agent: int) -> Want:
    """Return what nearly everybody wants: to hold it once, as `agent`.

    The same one each time: to make a named tuple is 3,000 instructions.
    """
    return Want(agent)


class Holder:
    """Who has it, how often, since when (monotonic seconds), and by which token.

    `owned` is what it has, as `want` said. `abandoned` says that the one before died with it.
    `guarded` has the requests that wait and are allowed only as long as this holder has it.
    """

    __slots__ = (
        "abandoned",
        "agent",
        "depth",
        "guarded",
        "lane",
        "owned",
        "since",
        "token",
        "want",
    )

    def __init__(
        self, owned: Owned, lane: Lane, want: Want, since: float, token: int, abandoned: bool
    ) -> None:
        self.owned = owned
        self.lane = lane
        self.want = want
        self.agent = want.agent
        self.depth = want.depth
        self.since = since
        self.token = token
        self.abandoned = abandoned
        self.guarded: Sequence[Waiter] = ()

    def owner(self, now: float) -> OwnerFields:
        """Return who it is."""
        return self.lane.owner(now - self.since)

    def guard(self, waiter: Waiter) -> None:
        """Refuse a guarded request if it still waits when this holder has given back."""
        self.guarded = [*(each for each in self.guarded if each.line is not None), waiter]

    def undo(self, now: float) -> None:
        """Take it back: who was to have it was never told."""
        self.owned.undo(self, now)

    def end(self) -> None:
        """Have it no more."""
        for waiter in self.guarded:
            if waiter.line is not None:
                waiter.refuse(StaleFence("the lock was given back while this waited"))


class Owned:
    """Something that is held by tokens. `name` is for people: that of the object."""

    def __init__(self) -> None:
        self.name = ""
        self.last_token = 0

    def settle(self, name: str, last_token: int) -> None:
        """Be the object `name`, whose tokens are larger than `last_token`."""
        self.name = name
        self.last_token = last_token

    def undo(self, holder: Holder, now: float) -> None:
        """Take it back from a holder that was never told that it has it."""
        raise NotImplementedError

    def holders(self) -> list[Holder]:
        """Return who has it, longest first."""
        raise NotImplementedError

    def lined_up(self) -> list[Waiter]:
        """Return who waits for it, longest first."""
        raise NotImplementedError

    def holder_of(self, token: int) -> Holder | None:
        """Return who has it by that token, if somebody still does."""
        return next((each for each in self.holders() if each.token == token), None)

    def owners(self, now: float) -> list[OwnerFields]:
        return [holder.owner(now) for holder in self.holders()]

    def waiters(self) -> int:
        return len(self.lined_up())
