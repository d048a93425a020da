"""Linearizability: whether there is an order of the calls that explains every result.

Two judges, of which neither trusts the other:

* `check_witness` is told the order in which the service carried the operations out. A sequential
  model, fed in that order, must come to each result that a caller saw; and no call may have ended
  before one was begun that has an earlier place.
* `search` knows calls and results only, and looks for an order itself, as Wing and Gong did, with
  Lowe's memory of what was tried. It is for short histories: its cost grows with what overlaps.

A call of unknown outcome took effect once or not at all. If it can be undone (an item or a lock
that was granted to a caller who had gone), its effect may also have been taken back, at any later
time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .history import UNKNOWN, Call
from .models.model import Model
from .witness import Event

__all__ = ["MAX_TRIED", "Undecided", "check_witness", "search"]

FOR_EVER = 1 << 60
"""Later than any event."""

MAX_TRIED = 2000
"""Positions that a search looks at before it gives up: some 10 ms. One in twenty does."""


class Undecided(Exception):
    """The search took too long."""


def check_witness(model: Model, calls: Sequence[Call], events: Sequence[Event]) -> str | None:
    """Return what is wrong with the service's own order, or None."""
    by_key = {(call.session, call.number): call for call in calls}
    of_session = {call.session: call.process for call in calls}
    last = {(e.session, e.number): i for i, e in enumerate(events) if e.kind == "step"}
    results: dict[Call, Any] = {}
    state, latest_call = model.initial, 0
    for place, event in enumerate(events):
        if event.kind == "end":
            if event.session in of_session:
                state = model.abandon(state, of_session[event.session])
            continue
        call = by_key.get((event.session, event.number))
        if call is None:
            continue
        if event.kind == "undo":
            state = model.undo(state, call, results[call])
            continue
        if call.operation in model.queries and last[event.session, event.number] != place:
            continue  # the connection was lost, and it was asked again
        state, results[call] = model.step(state, call)
        if call.is_known:
            if call.result != results[call]:
                return f"{call} = {call.result!r}, but in the service's order {results[call]!r}"
            if call.ended < latest_call:
                return f"{call} had ended before one began that was carried out earlier"
        latest_call = max(latest_call, call.called)
    missing = [call for call in calls if call.is_known and call not in results]
    return f"{missing[0]} was answered and never carried out" if missing else None


class Step(NamedTuple):
    """Something that happened at one instant between two events, or maybe never.

    `apply` returns the state after it, or None where it cannot have happened.
    """

    begin: int
    end: int
    is_optional: bool
    apply: Callable[[Any], Any]


def search(model: Model, calls: Sequence[Call], ends: Sequence[Event]) -> bool:
    """Return whether some order explains all results.

    Raises:
        Undecided: there were too many to try.
    """
    steps = sorted(_steps(model, calls, ends), key=lambda step: (step.is_optional, step.begin))
    return _Search(steps).run((model.initial, frozenset()))


def _steps(model: Model, calls: Sequence[Call], ends: Sequence[Event]) -> list[Step]:
    """Return what may have happened. The state is a pair: the model's, and what may be undone."""
    steps: list[Step] = []
    for call in calls:
        if call.is_known:
            steps.append(Step(call.called, call.ended, False, _take(model, call)))
        elif call.operation not in model.queries:
            steps.append(Step(call.called, FOR_EVER, True, _take(model, call)))
        if call.operation in model.undoable and call.result is not False:
            steps.extend(
                Step(begin, FOR_EVER, True, _give(model, call)) for begin in _undone(call, ends)
            )
    processes = {call.session: call.process for call in calls}
    steps.extend(
        Step(end.at, end.at + 1, False, _abandon(model, processes[end.session]))
        for end in ends
        if end.session in processes
    )
    return steps


def _undone(call: Call, ends: Sequence[Event]) -> list[int]:
    """Return from when on a call may have been undone, if at all: its caller or session went."""
    if not call.is_known:
        return [call.called]
    return [end.at for end in ends if end.session == call.session and end.at >= call.ended][:1]


def _take(model: Model, call: Call) -> Callable[[Any], Any]:
    def apply(state: Any) -> Any:
        inner, given = state
        inner, result = model.step(inner, call)
        if call.result is not UNKNOWN and result != call.result:
            return None
        if call.operation in model.undoable:
            given |= {(call, result)}
        return inner, given

    return apply


def _give(model: Model, call: Call) -> Callable[[Any], Any]:
    def apply(state: Any) -> Any:
        inner, given = state
        for each in given:
            if each[0] is call:
                return model.undo(inner, call, each[1]), given - {each}
        return None

    return apply


def _abandon(model: Model, process: str) -> Callable[[Any], Any]:
    return lambda state: (model.abandon(state[0], process), state[1])


class _Search:
    """Depth first, with a memory of which steps were done in which state."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self._mandatory = sum(1 << i for i, step in enumerate(steps) if not step.is_optional)
        self._seen: set[tuple[int, Any]] = set()

    def run(self, initial: Any) -> bool:
        stack = [(0, initial)]
        while stack:
            done, state = stack.pop()
            if done & self._mandatory == self._mandatory:
                return True
            if (done, state) in self._seen:
                continue
            self._seen.add((done, state))
            if len(self._seen) > MAX_TRIED:
                raise Undecided
            stack.extend(self._following(done, state))
        return False

    def _following(self, done: int, state: Any) -> list[tuple[int, Any]]:
        """Return where one step more can lead; the most promising last."""
        left = [(i, step) for i, step in enumerate(self._steps) if not done >> i & 1]
        first_end = min(step.end for _, step in left if not step.is_optional)
        following = []
        for i, step in reversed(left):
            if step.begin < first_end:
                after = step.apply(state)
                if after is not None:
                    following.append((done | 1 << i, after))
        return following
