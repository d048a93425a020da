"""Batches: many requests, one write.

Inside ``with state.batch() as batch:`` every operation of this thread is only noted, and returns a
`Promise` of its result; leaving the block sends them all and fetches the replies. Results stand in
`Batch.results` in the order of the calls, an error in the place of the call that failed. The block
is no transaction: each operation takes effect by itself, in order. An exception inside the block
sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import LimitExceeded, SharedStateError
from shared_state_protocol.state import State
from shared_state_protocol.wire.messages import ANSWER_PARTS

if TYPE_CHECKING:
    from .lane import Lane
    from .session import Session

__all__ = ["Batch", "Promise", "known"]

T = TypeVar("T")


_NOT_YET = object()


class Promise:
    """The result of an operation in a batch, once the block is left."""

    # The class has them until there is something to say: a promise is made for each operation of a
    # batch, and to set nothing is 0.1 µs of the 0.2.
    _convert: Callable[[Any], Any] | None = None
    _error: Exception | None = None
    _result: Any = _NOT_YET

    def result(self) -> Any:
        """Return the result of the operation, or raise its error.

        Raises:
            RuntimeError: the batch has not been sent.
        """
        if self._error is not None:
            raise self._error
        if self._result is _NOT_YET:
            raise RuntimeError("the results of a batch are there once its block is left")
        return self._result

    def through(self, convert: Callable[[Any], Any]) -> Promise:
        """Have `result` return what `convert` makes of the result; return this promise."""
        self._convert = convert
        return self

    def keep(self, result: Any) -> Any:
        """Set what `result` is to return, and return it."""
        self._result = result if self._convert is None else self._convert(result)
        return self._result

    def fail(self, error: Exception) -> None:
        """Set what `result` is to raise."""
        self._error = error

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


Call = tuple[Operation[..., Any], Arguments, Promise]
"""One noted call: operation, arguments as given, and whom to tell. A plain tuple: there is one for
each operation of a batch."""

Requested = tuple[Any, ...]
"""The same call as `State.batch` has it: its name on the wire, the object, encoded arguments."""


class Batch:
    """The operations of one ``with state.batch()`` block.

    `results` has a result or an exception for each of them, in order, after the block.
    """

    def __init__(self, session: Session, lane: Lane) -> None:
        self.results: list[Any] = []
        self._session = session
        self._lane = lane
        self._is_used = False
        self._calls: list[Call] = []
        self._requests: list[Requested] = []

    def __len__(self) -> int:
        return len(self._calls)

    def add(
        self, operation: Operation[..., Any], name: str, arguments: Arguments, encoded: Arguments
    ) -> Promise:
        """Note one operation, with its arguments as they were given and as they travel."""
        if operation.batched:
            raise RuntimeError(f"{operation.wire} is read in portions: call it outside the batch")
        promise = Promise()
        self._calls.append((operation, arguments, promise))
        # Encoded by now: what is done to a value after the call is not part of the call.
        self._requests.append((operation.wire, name) + encoded)  # noqa: RUF005  # no list between
        return promise

    def __enter__(self) -> Batch:
        if self._lane.batch is not None:
            raise RuntimeError("this thread is in a batch already")
        if self._is_used:
            raise RuntimeError("a batch has one block: make another one by client.batch()")
        self._is_used = True
        self._lane.batch = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lane.batch = None
        if kind is None:
            self._send()

    def _send(self) -> None:
        outcomes: list[Any] = []
        for is_alone, run in groupby([operation.can_be_undone for operation, _, _ in self._calls]):
            ask = self._ask_each if is_alone else self._ask_together
            outcomes.extend(ask(len(outcomes), len(outcomes) + len([*run])))
        decoders, results = self._session.decoders, self.results
        for (operation, arguments, promise), came in zip(self._calls, outcomes, strict=True):
            try:
                if isinstance(came, Exception):
                    raise came
                result = came if operation.is_verbatim else decoders[operation](came, arguments)
            except Exception as error:  # noqa: BLE001  # it is for whoever asks for the result
                promise.fail(error)
                results.append(error)
            else:
                results.append(promise.keep(result))

    def _ask_each(self, start: int, end: int) -> list[Any]:
        """Send each call as a request of its own, all in few writes; return what came of each."""
        requests = [
            (operation, name, tuple(encoded))
            for (operation, _, _), (_, name, *encoded) in zip(
                self._calls[start:end], self._requests[start:end], strict=True
            )
        ]
        return [
            reply[1] if len(reply) == ANSWER_PARTS else self._session.error_of(reply)
            for reply in self._lane.exchange_many(requests)
        ]

    def _ask_together(self, start: int, end: int) -> list[Any]:
        """Send calls that need not wait as few requests, and return what came of each.

        How many go into one is found by trying: half as many if they were too large, and then twice
        as many as had room. To start from all that are left each time would pack them all for each.
        """
        results: list[Any] = []
        count = REQUEST_CALLS
        while start + len(results) < end:
            first = start + len(results)
            some = self._requests[first : min(first + count, end)]
            try:
                results.extend(self._ask_some(some))
            except LimitExceeded:
                count = len(some) // 2
            else:
                count = min(2 * count, REQUEST_CALLS)
        return results

    def _ask_some(self, requests: list[Requested]) -> list[Any]:
        """Return what came of at least the first of `requests`: a result or an exception each.

        Raises:
            LimitExceeded: they are too large for one request, and more than one.
        """
        results: list[Any]
        try:
            limit = REQUEST_BYTES if len(requests) > 1 else None
            results, failures = self._lane.exchange(State.batch, "", (requests,), limit)
        except LimitExceeded as error:
            if len(requests) > 1:
                raise
            return [error]
        except SharedStateError as error:
            return [type(error)(*error.args) for _ in requests]
        for at, *failure in failures:
            results[at] = self._session.error_of([0, None, *failure])
        return results
