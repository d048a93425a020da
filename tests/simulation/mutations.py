"""Seeded bugs: the mechanisms of the product that guard what the audits check, each patched away.

A simulation that finds nothing may be blind. Each of these has to be found by some schedule: the
tests say within how many seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from unittest import mock

from shared_state.async_lane import AsyncLane
from shared_state_server.hall import Hall
from shared_state_server.lane import Lane
from shared_state_server.memory.ordering import Fifo
from shared_state_server.service import Service
from shared_state_server.session import Session
from shared_state_server.waiting import Line

from .workloads import Workload
from .workloads.dict import Dict
from .workloads.queue import Queue
from .workloads.semaphore import Lock, Semaphore

__all__ = ["MUTATIONS", "Mutation"]


def _no_dedup() -> AbstractContextManager[Any]:
    """A request that is sent again is carried out again."""
    return mock.patch.object(Service, "_is_repeat", return_value=False)


def _no_memory_of_replies() -> AbstractContextManager[Any]:
    """A reply is forgotten as soon as it is written."""

    def reply(lane: Lane, number: int, frame: bytes, undo: Any) -> None:
        if lane.send is not None:
            lane.send(frame)

    return mock.patch.object(Lane, "reply", reply)


def _no_withdrawal() -> AbstractContextManager[Any]:
    """Whoever waited stays in line when the connection is lost or the session has ended."""
    return mock.patch.object(Lane, "withdraw_all", return_value=None)


def _last_waiter_first() -> AbstractContextManager[Any]:
    """Whoever came last is served first."""
    return mock.patch.object(Line, "first", lambda self: list(self)[-1])


def _last_item_first() -> AbstractContextManager[Any]:
    """A queue is a stack."""
    return mock.patch.object(Fifo, "take", Fifo.pop)


def _undelivered_to_the_tail() -> AbstractContextManager[Any]:
    """What could not be delivered goes to the end of the queue."""
    return mock.patch.object(Fifo, "put_back", Fifo.push)


def _no_undo_at_the_end() -> AbstractContextManager[Any]:
    """What was handed to a session that has ended, and had not arrived, is lost."""
    return mock.patch.object(Lane, "undo_all", lambda self, now: self.replies.clear())


def _no_undo_of_the_cancelled() -> AbstractContextManager[Any]:
    """What was handed to a caller who had given up is lost."""

    def cancel(lane: Lane, number: int, now: float) -> None:
        waiter = lane.waiters.get(number)
        if waiter is not None:
            waiter.withdraw(now)
        lane.replies.pop(number, None)

    return mock.patch.object(Lane, "cancel", cancel)


def _no_cancel() -> AbstractContextManager[Any]:
    """A client that gives a call up does not say so."""

    def give_up(lane: AsyncLane, number: int) -> None:
        lane._pending.pop(number, None)

    return mock.patch.object(AsyncLane, "_give_up", give_up)


def _no_grace() -> AbstractContextManager[Any]:
    """A session ends with its connection, however that ended."""
    detach = Service.detach

    def at_once(service: Service, lane: Lane, send: Any, *, orderly: bool) -> None:
        detach(service, lane, send, orderly=True)

    return mock.patch.object(Service, "detach", at_once)


def _endless_grace() -> AbstractContextManager[Any]:
    """A session that was lost is waited for until the end of the world."""
    return mock.patch.object(Service, "_end_if_lost", return_value=None)


def _no_abandonment() -> AbstractContextManager[Any]:
    """What a session held stays held when it has ended."""

    def end(session: Session, now: float) -> None:
        for lane in session.lanes.values():
            lane.withdraw_all(now)

    return mock.patch.object(Session, "end", end)


def _two_connections() -> AbstractContextManager[Any]:
    """What is left in a connection that its client has given up is still carried out."""

    def attach(hall: Hall, connection: Any, hello: Any) -> Any:
        hall._by_lane.clear()
        return whole(hall, connection, hello)

    whole = Hall.attach
    return mock.patch.object(Hall, "attach", attach)


class Mutation(NamedTuple):
    """One seeded bug, and the workload that it is looked for with."""

    name: str
    applied: Callable[[], AbstractContextManager[Any]]
    workload: type[Workload]


MUTATIONS = (
    Mutation("no dedup", _no_dedup, Dict),
    Mutation("no memory of replies", _no_memory_of_replies, Dict),
    Mutation("no withdrawal", _no_withdrawal, Lock),
    Mutation("last waiter first", _last_waiter_first, Lock),
    Mutation("last item first", _last_item_first, Queue),
    Mutation("undelivered to the tail", _undelivered_to_the_tail, Queue),
    Mutation("no undo at the end", _no_undo_at_the_end, Queue),
    Mutation("no undo of the cancelled", _no_undo_of_the_cancelled, Semaphore),
    Mutation("no cancel", _no_cancel, Lock),
    Mutation("no grace", _no_grace, Lock),
    Mutation("endless grace", _endless_grace, Lock),
    Mutation("no abandonment", _no_abandonment, Lock),
    Mutation("two connections", _two_connections, Queue),
)
