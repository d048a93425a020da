"""Holdings: the locks that a client holds, as far as it knows, and the grants by which it does.

A release is guarded by the grant that it gives back. So whoever was given up by the server, and
comes back to release a lock that somebody else has by now, gets `LockLost` and takes nothing from
anybody. Anyone who has acquired nothing releases whatever is held, as the standard library allows;
so does a batch, inside of which no grant is known yet.

A lock has one holder, so one grant for each name is enough, whatever threads, tasks and proxies a
client has. An rlock is counted, for it is given back as often as it was taken. The permits of a
semaphore have many holders, and need not be taken and released in pairs: see `objects.permits`.
"""

from __future__ import annotations

from shared_state_protocol.errors import LockLost, StaleFence
from shared_state_protocol.grants import Grant

__all__ = ["Holdings", "Taken", "lost"]


Taken = tuple[Grant, int]
"""A grant, and how often it was taken. A plain tuple: it is made for every acquisition."""


class Holdings:
    """What a client holds, by the names of the locks."""

    def __init__(self) -> None:
        self._by_name: dict[str, Taken] = {}

    def grant(self, name: str) -> Grant | None:
        """Return the grant by which the lock `name` is held, or None."""
        taken = self._by_name.get(name)
        return None if taken is None else taken[0]

    def take(self, grant: Grant) -> None:
        """Count a lock that was acquired."""
        name, token, _ = grant
        before = self._by_name.get(name)
        times = 1 if before is None or before[0].token != token else before[1] + 1
        self._by_name[name] = grant, times

    def give(self, name: str) -> Taken | None:
        """Count a lock that is about to be released; return what is known of it until then.

        About to be: once the reply is there, another thread may hold it already.
        """
        taken = self._by_name.pop(name, None)
        if taken is not None and taken[1] > 1:
            self._by_name[name] = (taken[0], taken[1] - 1)
        return taken

    def put_aside(self, name: str) -> Taken | None:
        """Forget a lock, however often it was taken: a condition gives it back for a while."""
        return self._by_name.pop(name, None)

    def take_again(self, grant: Grant, before: Taken | None) -> None:
        """Count a lock that a condition has taken again, as often as before."""
        self._by_name[grant.lock] = (grant, 1 if before is None else before[1])

    def restore(self, before: Taken | None) -> None:
        """Count a lock again that was not released after all, as far as anybody knows."""
        if before is not None:
            found, _ = self._by_name.get(before[0].lock, before)
            if found is before[0]:
                self._by_name[found.lock] = before

    def clear(self) -> None:
        """Forget everything: this process is a fork, and holds nothing."""
        self._by_name.clear()


def lost(refusal: StaleFence, name: str) -> LockLost:
    """Return what is raised for a release that was refused: its caller had lost the lock."""
    return LockLost(
        f"{name!r} was lost before it was released: the server had given up this process, or "
        f"somebody else released it ({refusal})"
    )
