"""Batches: many requests, one write.

Inside ``with state.batch() as batch:`` every operation of this thread is only noted, and returns a
`Promise` of its result; leaving the block sends them all and fetches the replies. Results stand in
`Batch.results` in the order of the calls, an error in the place of the call that failed. The block
is no transaction: each operation takes effect by itself, in order. An exception inside the block
sends nothing.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from shared_state_protocol.contract import Arguments, Operation

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


class Batch:
    """The operations of one ``with state.batch()`` block.

    `results` has a result or an exception for each of them, in order, after the block.
    """

    def __init__(self, client: Client, lane: Lane) -> None:
        self.results: list[Any] = []
        self._client = client
        self._lane = lane
        self._is_used = False
        self._calls: list[tuple[Operation[..., Any], str, Arguments]] = []
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
        messages = self._lane.exchange_many(self._calls)
        calls = zip(self._calls, self._arguments, self._promises, messages, strict=True)
        for (operation, _, _), arguments, promise, message in calls:
            try:
                result = self._client.result_of(operation, arguments, message)
            except Exception as error:  # noqa: BLE001  # it is for whoever asks for the result
                promise.fail(error)
                self.results.append(error)
            else:
                promise.keep(result)
                self.results.append(result)
