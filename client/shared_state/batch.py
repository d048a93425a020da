"""Batches: many requests in few round trips.

Inside ``with state.batch() as batch:`` every operation of this thread is only noted, and returns a
`Promise` of its result, also if a signal handler calls it; leaving the block sends them all and
fetches the replies. Results stand in `Batch.results` in the order of the calls, an error in the
place of the call that failed. The block is no transaction: each operation takes effect by itself,
in order. An exception inside the block sends nothing. One that ends the sending, as when the server
stays away, leaves what had arrived, and stands in the places of all the others.

What need not wait, in a row, is one request. What may wait is written together, but not with what
comes behind it, which is to find it done.
"""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import LimitExceeded, OutcomeUnknown, SharedStateError
from shared_state_protocol.state import State
from shared_state_protocol.wire.messages import ANSWER_PARTS

if TYPE_CHECKING:
    from .lane import Lane
    from .request import Message
    from .session import Session

__all__ = ["Batch", "Promise", "known"]

T = TypeVar("T")


class Promise:
    """The result of an operation in a batch, once the block is left."""

    # Whoever makes one sets `_convert`, and what comes of it when that is there: there is one for
    # each operation of a batch, and an `__init__` would take as long as all the rest of it.
    __slots__ = ("_convert", "_error", "_kept", "_otherwise")

    _convert: Callable[[Any], Any] | None
    _error: Exception
    _kept: Any
    _otherwise: Callable[[Exception], object]

    def result(self) -> Any:
        """Return the result of the operation, or raise its error.

        Raises:
            RuntimeError: the batch has not been sent, or never will be.
        """
        if hasattr(self, "_error"):
            raise self._error
        if not hasattr(self, "_kept"):
            raise RuntimeError("the results of a batch are there once its block is left")
        return self._kept

    def through(self, convert: Callable[[Any], Any]) -> Promise:
        """Have `result` return what `convert` makes of the result; return this promise."""
        self._convert = convert
        return self

    def otherwise(self, make_up: Callable[[Exception], object]) -> None:
        """Have `make_up` called with the error if there will be no result."""
        self._otherwise = make_up

    def fail(self, error: Exception) -> None:
        """Have `result` raise `error`."""
        self._error = error
        if hasattr(self, "_otherwise"):
            self._otherwise(error)

    def __bool__(self) -> bool:
        # `if key in d:` inside the block would be true whatever the server has.
        raise TypeError("what a batch promises is neither true nor false: ask for its result()")


def known(answer: T) -> T:
    """Return the answer to what was asked by an attribute, or by `len`: it has to be there now.

    Raises:
        RuntimeError: it is a `Promise`.
    """
    if type(answer) is Promise:
        raise RuntimeError("inside a batch nothing is known of an object: ask outside of it")
    return answer


REQUEST_CALLS = 1000
"""Calls in one request, which the server carries out in one turn: some 3 ms of its time."""

REQUEST_BYTES = 1024 * 1024
"""Of arguments in one request, unless one call has more: what a server reads in one turn."""


Call = tuple[Operation[..., Any], Arguments, Promise, tuple[Any, ...]]
"""One noted call: operation, arguments as given, whom to tell, and how it travels. A plain tuple,
since there is one for each operation of a batch; and one, since a signal may come between two."""


class Alone:
    """Calls in a row of which each is a request: its operation, the object, encoded arguments."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        self.calls: list[Call] = []


class Together:
    """Calls in a row that `State.batch` carries out: the place of a target, encoded arguments.

    `targets` are operations and objects by name; `places` tells where among them each of these is.
    """

    __slots__ = ("calls", "places", "targets")

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.targets: list[tuple[str, str]] = []
        self.places: defaultdict[Operation[..., Any], dict[str, int]] = defaultdict(dict)


class Leaving:
    """What a ``with`` statement finds as `Batch.__exit__`: an object that nobody else has.

    A signal handler that raises as it is called keeps the batch from being left. But the statement
    lets go of what it has found, and a batch, which knows that weakly, sees that its block is over.
    Not even a traceback has that object: a `partial` has no frame.

    An `ExitStack` takes the plain method, so there a batch whose end is interrupted so goes on: the
    next one that the thread enters raises RuntimeError.
    """

    def __get__(self, batch: Batch | None, owner: type[Batch]) -> Callable[..., None]:
        if batch is None:
            return owner._leave  # pyright: ignore[reportPrivateUsage]  # it is that
        found = batch.held()
        if found is None:
            found = partial(owner._leave, batch)  # pyright: ignore[reportPrivateUsage]  # as above
            batch.held = batch.is_held = weakref.ref(found)
        return found


class Batch:
    """The operations of one ``with state.batch()`` block.

    `results` has a result or an exception for each of them, in order, after the block; `is_held()`
    is None if the block is over.
    """

    __exit__ = Leaving()

    def __init__(self, session: Session, find_lane: Callable[[], Lane]) -> None:
        self.results: list[Any] = []
        self._session = session
        self._find_lane = find_lane
        # `Leaving` knows better.
        self.held: Callable[[], Callable[..., None] | None] = lambda: None
        self.is_held: Callable[[], object] = object
        self._is_used = False
        self._runs: list[Alone | Together] = []
        self._together: Together | None = None  # the last run, if it is one
        self._count = REQUEST_CALLS

    def __len__(self) -> int:
        return sum(len(run.calls) for run in self._runs)

    def add(
        self, operation: Operation[..., Any], name: str, arguments: Arguments, encoded: Arguments
    ) -> Promise:
        """Note one operation, with its arguments as they were given and as they travel."""
        promise = Promise()
        promise._convert = None  # pyright: ignore[reportPrivateUsage]  # see there
        # Encoded by now: what is done to a value after the call is not part of the call.
        if operation.can_be_undone:
            self._last_alone().calls.append(
                (operation, arguments, promise, (operation, name, encoded))
            )
            return promise
        run = self._together or self._begin_together()
        at = run.places[operation].get(name)
        if at is None:
            run, at = self._place(operation, name)
        run.calls.append((operation, arguments, promise, (at,) + encoded))  # noqa: RUF005  # no list between
        return promise

    def _begin_together(self) -> Together:
        run = self._together = Together()
        self._runs.append(run)
        return run

    def _last_alone(self) -> Alone:
        run = self._runs[-1] if self._runs else None
        if not isinstance(run, Alone):
            self._together, run = None, Alone()
            self._runs.append(run)
        return run

    def _place(self, operation: Operation[..., Any], name: str) -> tuple[Together, int]:
        """Add a target: to the last run, or to another one if that has as many as calls in one."""
        if operation.is_stream:
            raise RuntimeError(f"{operation.wire} is read in portions: call it outside the batch")
        run = self._together
        if run is None or len(run.targets) >= REQUEST_CALLS:
            run = self._begin_together()
        run.targets.append((operation.wire, name))
        at = run.places[operation][name] = len(run.targets) - 1
        return run, at

    def __enter__(self) -> Batch:
        lane = self._find_lane()  # of the thread whose block it is, whoever has made the batch
        if lane.batch is not None and lane.batch.is_held():
            raise RuntimeError("this thread is in a batch already")
        if self._is_used:
            raise RuntimeError("a batch has one block: make another one by client.batch()")
        self._is_used = True
        self._lane = lane
        lane.batch = self
        return self

    def _leave(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lane.batch = None
        if kind is None:
            self._send()
        else:
            self._drop(RuntimeError(f"a batch that was left by {kind.__name__} is not sent"))

    def _send(self) -> None:
        try:
            for run in self._runs:
                self._carry_out(run)
        except BaseException as ending:
            calls = [call for run in self._runs for call in run.calls][len(self.results) :]
            self._tell(calls, [_outcome_by(ending, operation) for operation, *_ in calls])
            raise

    def _drop(self, reason: Exception) -> None:
        for run in self._runs:
            for _, _, promise, _ in run.calls:
                promise.fail(reason)

    def _carry_out(self, run: Alone | Together) -> None:
        """Send the calls of a run and tell what came of them: of the first ones, if it fails."""
        outcomes: list[Any] = []
        try:
            self._ask(run, outcomes)
        finally:
            self._tell(run.calls[: len(outcomes)], outcomes)

    def _tell(self, calls: list[Call], outcomes: list[Any]) -> None:
        """Keep what came of each call, and tell whoever was promised it."""
        decoders, results = self._session.decoders, self.results
        for (operation, arguments, promise, _), came in zip(calls, outcomes, strict=True):
            try:
                if isinstance(came, Exception):
                    raise came
                result = came if operation.is_verbatim else decoders[operation](came, arguments)
            except Exception as error:  # noqa: BLE001  # it is for whoever asks for the result
                promise.fail(error)
                results.append(error)
            else:
                if promise._convert is not None:  # pyright: ignore[reportPrivateUsage]  # see there
                    result = promise._convert(result)  # pyright: ignore[reportPrivateUsage]  # see there
                promise._kept = result  # pyright: ignore[reportPrivateUsage]  # see there
                results.append(result)

    def _ask(self, run: Alone | Together, outcomes: list[Any]) -> None:
        """Send the calls of a run, and add what came of each: a result or an exception."""
        requests: list[Any] = [request for _, _, _, request in run.calls]
        if isinstance(run, Together):
            self._ask_together(run.targets, requests, outcomes)
            return
        replies: list[Message] = []
        try:
            self._lane.exchange_many(requests, replies)
        finally:
            outcomes.extend(
                reply[1] if len(reply) == ANSWER_PARTS else self._session.error_of(reply)
                for reply in replies
            )

    def _ask_together(self, targets: list[Any], requests: list[Any], outcomes: list[Any]) -> None:
        """Send calls that need not wait as few requests, and add what came of each.

        How many go into one is found by trying: half as many if they were too large, and then twice
        as many as had room. To start from all that are left each time would pack them all for each.
        """
        while len(outcomes) < len(requests):
            some = requests[len(outcomes) : len(outcomes) + self._count]
            try:
                outcomes.extend(self._ask_some(targets, some))
            except LimitExceeded:
                self._count = len(some) // 2
            else:
                self._count = min(2 * self._count, REQUEST_CALLS)

    def _ask_some(self, targets: list[Any], requests: list[Any]) -> list[Any]:
        """Return what came of at least the first of `requests`: a result or an exception each.

        Raises:
            LimitExceeded: they are too large for one request, and more than one.
        """
        results: list[Any]
        try:
            limit = REQUEST_BYTES if len(requests) > 1 else None
            parts = _with_few(targets, requests)
            results, failures = self._lane.exchange(State.batch, "", parts, limit)
        except LimitExceeded as error:
            if len(requests) > 1:
                raise
            return [error]
        except SharedStateError as error:
            return [type(error)(*error.args) for _ in requests]
        for at, *failure in failures:
            results[at] = self._session.error_of([0, None, *failure])
        return results


def _outcome_by(ending: BaseException, operation: Operation[..., Any]) -> Exception:
    """Return what is raised for a call that had no reply when `ending` ended its batch."""
    if isinstance(ending, Exception):
        return ending
    return OutcomeUnknown(
        f"{operation.wire} took effect once or not at all: its batch was interrupted"
    )


def _with_few(targets: list[Any], requests: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return `targets` and `requests`, without targets of others if those may be in the majority.

    So half of the requests have half of the targets, and what was too large becomes small enough.
    """
    if len(targets) <= len(requests):
        return targets, requests
    places: dict[int, int] = {}
    moved = [(places.setdefault(at, len(places)), *encoded) for at, *encoded in requests]
    return [targets[at] for at in places], moved
