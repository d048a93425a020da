"""Audits: what must hold whatever happens, in all the runs of a kind of object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shared_state_server.session import Session

from .history import UNKNOWN, Call
from .process import Worker
from .witness import Event

if TYPE_CHECKING:
    from .schedule import Schedule

__all__ = ["Holders", "audit_counter", "audit_items", "audit_waiters"]


class Holders:
    """Who holds something of which there is a number; a holder is valid while its session is."""

    def __init__(self, schedule: Schedule, limit: int) -> None:
        self._schedule = schedule
        self._limit = limit
        self._sessions: dict[Worker, Session] = {}

    def enter(self, worker: Worker) -> None:
        """Take note that `worker` has been told that it holds it."""
        session = worker.process.session
        if session is None:
            return  # what was told is not true any more
        self._sessions[worker] = session
        valid = [each for each in self._sessions if self.is_valid(each)]
        if len(valid) > self._limit:
            names = " and ".join(f"{each.process.name}.{each.number}" for each in valid)
            self._schedule.violate(f"{names} hold what {self._limit} may")

    def is_valid(self, worker: Worker) -> bool:
        """Return whether `worker` holds it in the eyes of the server."""
        session = self._sessions.get(worker)
        return session is not None and worker.process.session is session

    def leave(self, worker: Worker) -> bool:
        """Take note that `worker` is about to release it; return whether it may."""
        was_valid = self.is_valid(worker)
        self._sessions.pop(worker, None)
        return was_valid


def audit_items(schedule: Schedule, calls: Sequence[Call], ends: Sequence[Event]) -> None:
    """Every acknowledged put was got or was still there, and none twice.

    An item may come again when the session of whoever had got it has ended since: the server may
    not have heard that it arrived.
    """
    puts = {call.arguments[0]: call for call in calls if call.operation.startswith("put")}
    gets = [call for call in calls if call.operation.startswith("get") and call.result in puts]
    for call in gets:
        if puts[call.result].is_known and puts[call.result].result is not None:
            schedule.violate(f"{call} = {call.result}, which was refused")
    lasting = Counter(call.result for call in gets if not _ended_since(call, ends))
    for item, times in lasting.items():
        if times > 1:
            schedule.violate(f"item {item} came {times} times")
    found = {call.result for call in gets}
    for item, call in puts.items():
        if call.result is None and item not in found:
            schedule.violate(f"item {item} was lost")


def _ended_since(call: Call, ends: Sequence[Event]) -> bool:
    return any(end.session == call.session and end.at >= call.ended for end in ends)


def audit_counter(schedule: Schedule, calls: Sequence[Call], total: Any) -> None:
    """The counter equals the number of calls, maybe for unanswered ones."""
    known = sum(call.is_known for call in calls)
    if not known <= (total or 0) <= len(calls):
        unknown = sum(call.result is UNKNOWN for call in calls)
        schedule.violate(f"the counter is {total} after {known} calls, and {unknown} unknown")


def audit_waiters(schedule: Schedule) -> None:
    """Nobody waits beside what there is."""
    for name, kind, size, _, waiters in schedule.server.service.objects.listing(
        schedule.loop.time()
    ):
        if waiters and schedule.workload.has_some(size):
            schedule.violate(f"{waiters} wait at the {kind} {name}, and there is what they want")
