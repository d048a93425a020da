"""A lock in memory. Anybody may release it, as in the standard library."""

from __future__ import annotations

from ..waiting import Call
from .exclusive import Exclusive, checked_timeout
from .holder import want_of

__all__ = ["Lock"]


class Lock(Exclusive):
    """Keeps the contract `shared_state_protocol.objects.Lock`."""

    def acquire(self, call: Call, blocking: bool, timeout: float | None, agent: int) -> object:
        wait = checked_timeout(blocking, timeout)
        return self._take_or_wait(call, blocking, wait, want_of(agent))

    def release(self, call: Call) -> None:
        is_holder = self._holder is not None and self._holder.lane.session is call.lane.session
        if not is_holder and self._absorbs_release():
            return
        if self._holder is None:
            raise RuntimeError("release unlocked lock")
        self._pass_on(call.now)

    def is_held_by(self, call: Call, agent: int) -> bool:
        """Return whether a condition may use it: a lock without owner, if it is locked."""
        return self.locked()
