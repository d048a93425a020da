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
from shared_state_protocol.errors import WIRE_NAMES, LimitExceeded, SharedStateError
from shared_state_protocol.state import State

from .request import Message

if TYPE_CHECKING:
    from .blocking import Client
    from .lane import Lane

__all__ = ["Batch", "Promise", "known"]

T = TypeVar("T")


class Promise:
    """The result of an operation in a batch, once the block is left."""

    __slots__ = ("_convert", "_error", "_result")

    def __init__(self) -> None:
        self._error: Exception | None = None
        self._result: Any = _NOT_YET
        self._convert: Callable[[Any], Any] | None = None

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


_NOT_YET = object()


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


Call = tuple[Operation[..., Any], str, Arguments, Arguments, Promise]
"""One noted call: operation, name, its arguments as given and as they travel, and whom to tell. A
plain tuple: there is one for each operation of a batch."""


class Batch:
    """The operations of one ``with state.batch()`` block.

    `results` has a result or an exception for each of them, in order, after the block.
    """

    def __init__(self, client: Client, lane: Lane) -> None:
        self.results: list[Any] = []
        self._client = client
        self._lane = lane
        self._is_used = False
        self._calls: list[Call] = []

    def __len__(self) -> int:
        return len(self._calls)

    def add(
        self, operation: Operation[..., Any], name: str, arguments: Arguments, encoded: Arguments
    ) -> Promise:
        """Note one operation, with its arguments as they were given and as they travel."""
        if operation.batched:
            raise RuntimeError(f"{operation.wire} is read in portions: call it outside the batch")
        promise = Promise()
        # Encoded by now: what is done to a value after the call is not part of the call.
        self._calls.append((operation, name, arguments, encoded, promise))
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
        replies: list[Message] = []
        for is_alone, run in groupby(self._calls, key=_is_alone):
            ask = self._ask_each if is_alone else self._ask_together
            replies.extend(ask(list(run)))
        result_of, results = self._client.result_of, self.results
        for (operation, _, arguments, _, promise), message in zip(
            self._calls, replies, strict=True
        ):
            try:
                result = result_of(operation, arguments, message)
            except Exception as error:  # noqa: BLE001  # it is for whoever asks for the result
                promise.fail(error)
                results.append(error)
            else:
                results.append(promise.keep(result))

    def _ask_each(self, calls: list[Call]) -> list[Message]:
        """Send each call as a request of its own, all in few writes; return the replies."""
        return self._lane.exchange_many(
            [(operation, name, encoded) for operation, name, _, encoded, _ in calls]
        )

    def _ask_together(self, calls: list[Call]) -> list[Message]:
        """Send calls that need not wait as few requests, and return the reply to each.

        How many go into one is found by trying: half as many if they were too large, and then twice
        as many as had room. To start from all that are left each time would pack them all for each.
        """
        replies: list[Message] = []
        count = REQUEST_CALLS
        while len(replies) < len(calls):
            some = calls[len(replies) : len(replies) + count]
            try:
                replies.extend(self._ask_some(some))
            except LimitExceeded:
                count = len(some) // 2
            else:
                count = min(2 * count, REQUEST_CALLS)
        return replies

    def _ask_some(self, calls: list[Call]) -> list[Message]:
        """Return replies to at least the first of `calls`.

        Raises:
            LimitExceeded: they are too large for one request, and more than one.
        """
        requests = [(operation.wire, name, *encoded) for operation, name, _, encoded, _ in calls]
        try:
            limit = REQUEST_BYTES if len(calls) > 1 else None
            replies: list[Message] = self._lane.exchange(State.batch, "", (requests,), limit)
        except LimitExceeded as error:
            if len(calls) > 1:
                raise
            return [_failure(error)]
        except SharedStateError as error:
            return [_failure(error) for _ in calls]
        return replies


def _is_alone(call: Call) -> bool:
    """Return whether a call is a request of its own."""
    return call[0].can_be_undone


def _failure(error: SharedStateError) -> Message:
    return [0, None, WIRE_NAMES[type(error)], [str(error)]]
