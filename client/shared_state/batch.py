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

    __slots__ = ("_outcome",)

    def __init__(self) -> None:
        self._outcome: Any = _NOT_YET

    def result(self) -> Any:
        """Return the result of the operation, or raise its error.

        Raises:
            RuntimeError: the batch has not been sent.
        """
        if self._outcome is _NOT_YET:
            raise RuntimeError("the results of a batch are there once its block is left")
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def keep(self, outcome: Any) -> None:
        """Set the result, or the exception, that `result` is to give."""
        self._outcome = outcome


_NOT_YET = object()


class Batch:
    """The operations of one ``with state.batch()`` block.

    `results` has a result or an exception for each of them, in order, after the block.
    """

    def __init__(self, client: Client, lane: Lane) -> None:
        self.results: list[Any] = []
        self._client = client
        self._lane = lane
        self._calls: list[tuple[Operation[..., Any], str, Arguments]] = []
        self._promises: list[Promise] = []

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Promise:
        """Note one operation."""
        if operation.batched:
            raise RuntimeError(f"{operation.wire} is read in portions: call it outside the batch")
        self._calls.append((operation, name, arguments))
        promise = Promise()
        self._promises.append(promise)
        return promise

    def __enter__(self) -> Batch:
        if self._lane.batch is not None:
            raise RuntimeError("this thread is in a batch already")
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
        codec = self._client.codec
        encoded = [
            (operation, name, operation.encode(arguments, codec))
            for operation, name, arguments in self._calls
        ]
        messages = self._lane.exchange_many(encoded)
        self.results = [
            self._client.outcome_of(operation, arguments, message)
            for (operation, _, arguments), message in zip(self._calls, messages, strict=True)
        ]
        for promise, outcome in zip(self._promises, self.results, strict=True):
            promise.keep(outcome)
