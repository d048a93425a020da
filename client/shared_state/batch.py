"""Batches: many requests, one write.

Inside ``with state.batch() as batch:`` every operation of this thread is only noted, and returns a
`Promise` of its result; leaving the block sends them all and fetches the replies. Results stand in
`Batch.results` in the order of the calls, an error in the place of the call that failed. The block
is no transaction: each operation takes effect by itself, in order. An exception inside the block
sends nothing.
"""

from __future__ import annotations

from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING, Any

from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import WIRE_NAMES, LimitExceeded, SharedStateError
from shared_state_protocol.state import State

from .request import Message

if TYPE_CHECKING:
    from .blocking import Client
    from .lane import Lane

__all__ = ["Batch", "Promise"]


class Promise:
    """The result of an operation in a batch, once the block is left."""

    __slots__ = ("_error", "_result")

    def __init__(self) -> None:
        self._error: Exception | None = None
        self._result: Any = _NOT_YET

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

    def keep(self, result: Any) -> None:
        """Set what `result` is to return."""
        self._result = result

    def fail(self, error: Exception) -> None:
        """Set what `result` is to raise."""
        self._error = error

    def __bool__(self) -> bool:
        # `if key in d:` inside the block would be true whatever the server has.
        raise TypeError("what a batch promises is neither true nor false: ask for its result()")


_NOT_YET = object()


REQUEST_CALLS = 1000
"""Calls in one request, which the server carries out in one turn: some 3 ms of its time."""

REQUEST_BYTES = 1024 * 1024
"""Of arguments in one request, unless one call has more: what a server reads in one turn."""

Call = tuple[Operation[..., Any], str, Arguments]
"""An operation, the name of its object, and its encoded arguments."""


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
        self._arguments: list[Arguments] = []
        self._promises: list[Promise] = []

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Promise:
        """Note one operation."""
        if operation.batched:
            raise RuntimeError(f"{operation.wire} is read in portions: call it outside the batch")
        # Encoded now: what is done to a value after the call is not part of the call.
        self._calls.append((operation, name, operation.encode(arguments, self._client.codec)))
        self._arguments.append(arguments)
        promise = Promise()
        self._promises.append(promise)
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
            ask = self._lane.exchange_many if is_alone else self._ask_together
            replies.extend(ask(list(run)))
        calls = zip(self._calls, self._arguments, self._promises, replies, strict=True)
        for (operation, _, _), arguments, promise, message in calls:
            try:
                result = self._client.result_of(operation, arguments, message)
            except Exception as error:  # noqa: BLE001  # it is for whoever asks for the result
                promise.fail(error)
                self.results.append(error)
            else:
                promise.keep(result)
                self.results.append(result)

    def _ask_together(self, calls: list[Call]) -> list[Message]:
        """Send calls that need not wait as few requests, and return the reply to each."""
        replies: list[Message] = []
        while len(replies) < len(calls):
            replies.extend(self._ask_some(_portion(calls, len(replies))))
        return replies

    def _ask_some(self, calls: list[Call]) -> list[Message]:
        """Return replies to at least the first of `calls`."""
        requests = [(operation.wire, name, *encoded) for operation, name, encoded in calls]
        try:
            replies: list[Message] = self._lane.exchange(State.batch, "", (requests,))
        except LimitExceeded as error:
            if len(calls) == 1:
                return [[0, None, WIRE_NAMES[LimitExceeded], [str(error)]]]
            return self._ask_some(calls[: len(calls) // 2])
        except SharedStateError as error:
            return [[0, None, WIRE_NAMES[type(error)], [str(error)]] for _ in calls]
        return replies


def _is_alone(call: Call) -> bool:
    """Return whether a call is a request of its own: it may wait, or its arrival is confirmed."""
    return call[0].waits or call[0].confirms


def _portion(calls: list[Call], start: int) -> list[Call]:
    """Return the calls from `start` on that go into one request."""
    weight, end = 0, start
    while end < len(calls) and end - start < REQUEST_CALLS:
        weight += sum(map(_weight, calls[end][2]))
        if weight > REQUEST_BYTES and end > start:
            break
        end += 1
    return calls[start:end]


def _weight(argument: Any) -> int:
    """Return about how many bytes an encoded argument takes."""
    if type(argument) is bytes:
        return len(argument)
    return sum(map(_weight, argument)) if type(argument) is list else 1
