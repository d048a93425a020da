"""Holds: exclusive rights to edit, one for each place that somebody edits just now."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from ..lane import OwnerFields
from ..waiting import Call
from .holder import Holder, Want
from .rlock import RLock

__all__ = ["Holds"]


class Hold(RLock):
    """The right to edit one place."""

    IN_VAIN = False

    def __init__(self, place: Hashable, idle: list[Hashable]) -> None:
        super().__init__()
        self.name = "an edit"
        self._place = place
        self._idle = idle

    def _told(self, holder: Holder, want: Want) -> bool:
        return True

    def _pass_on(self, now: float) -> None:
        super()._pass_on(now)
        if not self.locked():
            self._idle.append(self._place)


class Holds:
    """The places that are being edited. A hold is abandoned like a lock when its session ends.

    A place that is free is noted in `_idle`, and forgotten with the next that is taken or given.
    """

    __slots__ = ("_held", "_idle")

    def __init__(self) -> None:
        self._held: dict[Hashable, Hold] = {}
        self._idle: list[Hashable] = []

    def take(self, call: Call, place: Hashable, timeout: float | None, agent: int) -> Any:
        """Hold `place`, waiting for those who came before."""
        self._forget_free()
        hold = self._held.get(place) or Hold(place, self._idle)
        told = hold.acquire(call, blocking=True, timeout=timeout, agent=agent)
        self._held[place] = hold
        return told

    def give(self, call: Call, place: Hashable, agent: int) -> None:
        """End a hold.

        Raises:
            RuntimeError: the caller does not hold `place`.
        """
        hold = self._held.get(place)
        if hold is None:
            raise RuntimeError("cannot let go of what is not held")
        hold.release(call, agent)
        self._forget_free()

    def owners(self, now: float) -> list[OwnerFields]:
        """Return who edits."""
        return [owner for hold in self._held.values() for owner in hold.owners(now)]

    def waiters(self) -> int:
        """Return how many wait to edit."""
        return sum(hold.waiters() for hold in self._held.values())

    def fail_all(self, error: Exception) -> None:
        """Fail whoever waits."""
        for hold in self._held.values():
            hold.fail_all(error)

    def _forget_free(self) -> None:
        for place in self._idle:
            hold = self._held.get(place)
            if hold is not None and not hold.locked():
                del self._held[place]
        self._idle.clear()
