"""A reentrant lock in memory. Its owner is an agent, a thread or a task, of a session."""

from __future__ import annotations

from ..waiting import Call, Undo
from .exclusive import Exclusive, checked_timeout
from .holder import Holder, want_of

__all__ = ["RLock"]


class RLock(Exclusive):
    """Keeps the contract `shared_state_protocol.objects.RLock`."""

    def acquire(self, call: Call, blocking: bool, timeout: float | None, agent: int) -> object:
        wait = checked_timeout(blocking, timeout)
        want = want_of(agent)
        if self._holder is not None and self.is_held_by(call, agent):
            call.undo = self._deepen(self._holder)
            return self._told(self._holder, want)
        return self._take_or_wait(call, blocking, wait, want)

    def release(self, call: Call, agent: int) -> None:
        if self.is_held_by(call, agent):
            self._give_back(call.now)
        elif not self._absorbs_release():
            raise RuntimeError("cannot release un-acquired lock")

    def _deepen(self, holder: Holder) -> Undo:
        holder.depth += 1

        def undo(now: float) -> None:
            if self._holder is holder:  # else it is somebody else's by now
                self._give_back(now)

        return undo

    def _give_back(self, now: float) -> None:
        if self._holder is not None:
            self._holder.depth -= 1
            if not self._holder.depth:
                self._pass_on(now)
