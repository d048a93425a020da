"""Rings: callers of whom each waits for a lock that the next one holds, for ever.

A ring can only close when somebody begins to wait, because whoever is granted a lock waits no more.
So each who begins to wait looks once along the chain: who holds this, and what does that one wait
for? A caller is an agent (a thread or a task) of a lane, and waits for one lock at a time.

Not every ring is a deadlock, and what is none must not be refused:

* A wait with a timeout ends by itself, and its caller has said what it does then. Only waits
  without one are noted, so a ring with a timeout in it is not found.
* Anybody may release a `Lock`. Who waits for one that it holds itself may mean to wait until
  somebody else releases it; so does the standard library's own test. A ring has two locks or more.
  In such a ring, too, an outsider could release one of the locks; but programs that take several
  locks take turns with them, and in a ring nobody who has a turn will ever end it.

The waiter that closes a ring is refused. If it may not be (a condition's waiter has to have the
lock again before it can go on), the next in the ring is that may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared_state_protocol.errors import DeadlockError

from ..lane import Lane
from ..waiting import Line, Waiter

if TYPE_CHECKING:
    from .exclusive import Exclusive
    from .holder import Want

__all__ = ["LockLine", "refuse_ring", "untie_ring"]


MAX_LINKS = 16
"""Of a ring, in the text that tells of it: more than anybody takes in at once."""


class Wait(NamedTuple):
    """A wait without a timeout, and for which lock."""

    lock: Exclusive
    waiter: Waiter


class LockLine(Line):
    """The line before a lock. It notes for each agent of a lane what it waits for without end."""

    __slots__ = ("_lock",)

    def __init__(self, lock: Exclusive) -> None:
        super().__init__()
        self._lock = lock

    def add(self, waiter: Waiter) -> None:
        """Put `waiter` at the end."""
        super().add(waiter)
        if waiter.deadline is None:
            want: Want = waiter.want
            waiter.lane.waits[want.agent] = Wait(self._lock, waiter)

    def remove(self, waiter: Waiter) -> None:
        """Take `waiter` out, wherever it stands."""
        super().remove(waiter)
        want: Want = waiter.want
        wait = waiter.lane.waits.get(want.agent)
        if wait is not None and wait.waiter is waiter:
            del waiter.lane.waits[want.agent]


def refuse_ring(lock: Exclusive, lane: Lane, agent: int, now: float) -> None:
    """Refuse to wait for `lock` if that would close a ring.

    Raises:
        DeadlockError: it would; it names the ring.
    """
    ring = _ring(lock, lane, agent)
    if len(ring) > 1:
        raise DeadlockError(_description(ring, now))


def untie_ring(lock: Exclusive, lane: Lane, agent: int, now: float) -> None:
    """End another wait of the ring that the wait for `lock` has closed, if it has."""
    ring = _ring(lock, lane, agent)
    if len(ring) < 2:
        return
    for each in ring:
        wait = _wait_of_holder(each)
        if wait is not None and wait.waiter.want.undone is None:
            wait.waiter.fail(DeadlockError(_description(ring, now)))
            return


def _ring(lock: Exclusive, lane: Lane, agent: int) -> list[Exclusive]:
    """Return the locks of the ring that is closed if the caller waits for `lock`, or nothing."""
    chain: dict[Exclusive, None] = {}
    while lock not in chain:  # else it is a ring of one, which is not this caller's
        chain[lock] = None
        holder = lock.holder
        if holder is not None and holder.lane is lane and holder.agent == agent:
            return list(chain)
        wait = _wait_of_holder(lock)
        if wait is None:
            break
        lock = wait.lock
    return []


def _wait_of_holder(lock: Exclusive) -> Wait | None:
    holder = lock.holder
    return None if holder is None else holder.lane.waits.get(holder.agent)


def _description(ring: list[Exclusive], now: float) -> str:
    links = [_link(each, now) for each in ring]
    if len(links) > MAX_LINKS:
        links[MAX_LINKS - 1 : -1] = [f"{len(links) - MAX_LINKS} others"]
    told = ", which waits for ".join(links)
    return f"a ring of {len(ring)} locks: {told}, which is the caller"


def _link(lock: Exclusive, now: float) -> str:
    assert lock.holder is not None
    host, pid, thread, seconds = lock.holder.owner(now)
    return f"{lock.name!r}, held by {host} pid {pid} {thread} for {seconds:.1f} s"
