"""Claims: an item of a queue that stays the queue's until the block around it ends.

``with jobs.claim(timeout=5) as item:`` acknowledges the item at the end of the block. What the
block raises goes on, and the item is back at the head of the queue; so it is when this process
dies, or is cut off for longer than the server keeps a session. There is no other time limit: who is
slow is not dead. Which attempt at the item it is, a claim that has a name says::

    claim = jobs.claim(timeout=5)
    with claim as item:
        print(claim.attempt, item)

Claims have numbers of this process's making, never used again: no claim that was lost, be it with
the server's memory, can be taken for another.
"""

from __future__ import annotations

import contextlib
import itertools
from types import TracebackType
from typing import Any, Generic

from shared_state_protocol.shapes import V

__all__ = ["AsyncClaim", "AsyncClaimable", "Claim", "Claimable"]

_numbers = itertools.count(1)


class _Claim(Generic[V]):
    """What the claims of both clients know.

    `item` is what was claimed last; `attempt` counts how often it has been claimed in all: 1 if
    nobody has seen it before.
    """

    item: V
    attempt: int = 0

    def __init__(self, queue: Any, block: bool, timeout: float | None) -> None:
        self._queue = queue
        self._wait = block, timeout
        self._number = 0

    def _begin(self) -> tuple[int, bool, float | None]:
        """Return the arguments of `take`."""
        if self._number:
            raise RuntimeError("this claim has an item already: make another one by queue.claim()")
        self._number = next(_numbers)
        return self._number, *self._wait

    def _keep(self, taken: Any) -> V:
        if not isinstance(taken, tuple):
            raise RuntimeError("cannot claim inside a batch: nothing would wait")
        self.attempt, item = taken  # pyright: ignore[reportUnknownVariableType]  # as `take` says
        self.item = self._queue.client.codec.decode(item)
        return self.item

    def _end(self) -> int:
        number, self._number = self._number, 0
        return number


class Claim(_Claim[V]):
    """A claim of a blocking client: a context manager, which may be used again after its block.

    Raises:
        queue.Empty: no item came in time.
        ShutDown: the queue was shut down, and nothing will come any more.
        ClaimLost: at the end of the block, if the item has gone back to the queue meanwhile,
            because this process was cut off: somebody else may have it now.
    """

    def __enter__(self) -> V:
        arguments = self._begin()
        try:
            taken = self._queue.take(*arguments)
        except Exception:
            self._end()
            raise
        except BaseException:  # Ctrl-C, perhaps after the item had come
            self._give_back()
            raise
        try:
            return self._keep(taken)
        except BaseException:
            self._give_back()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self._queue.acknowledge(self._end())
        else:
            self._give_back()

    def _give_back(self) -> None:
        with contextlib.suppress(Exception):  # what ended the block says more
            self._queue.give_back(self._end())


class AsyncClaim(_Claim[V]):
    """A claim of an async client: an async context manager; the rest is as with `Claim`."""

    async def __aenter__(self) -> V:
        arguments = self._begin()
        try:
            taken = await self._queue.take(*arguments)
        except BaseException:
            self._end()
            raise
        try:
            return self._keep(taken)
        except BaseException:
            await self._give_back()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            await self._queue.acknowledge(self._end())
        else:
            await self._give_back()

    async def _give_back(self) -> None:
        with contextlib.suppress(Exception):  # what ended the block says more
            await self._queue.give_back(self._end())


class Claimable(Generic[V]):
    """A queue of a blocking client, whose items can be claimed."""

    def claim(self, block: bool = True, timeout: float | None = None) -> Claim[V]:
        """Return a context manager that claims an item at its start; `timeout` is in seconds."""
        return Claim(self, block, timeout)


class AsyncClaimable(Generic[V]):
    """A queue of an async client, whose items can be claimed."""

    def claim(self, block: bool = True, timeout: float | None = None) -> AsyncClaim[V]:
        """Return a context manager that claims an item at its start; `timeout` is in seconds."""
        return AsyncClaim(self, block, timeout)
