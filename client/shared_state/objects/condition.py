"""Condition, bound twice: a context manager for each, with `wait_for`.

A wait that is given up (Ctrl-C, any exception of a signal handler, cancellation) takes the lock
again before the exception goes on, so that the block around it ends as it began. If the exception
is the server's, `resume` finds that there is nothing to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any, TypeVar

from shared_state_protocol.grants import Grant
from shared_state_protocol.objects import Condition as ConditionContract

from ..holdings import Taken
from .entering import AsyncEntered, Entered

__all__ = ["AsyncCondition", "Condition"]

T = TypeVar("T")


class _Waits:
    """What is known of the lock while it is given back."""

    client: Any
    name: str
    _lock_name: str | None

    def _put_aside(self) -> Taken | None:
        before: Taken | None = self.client.holdings.put_aside(self._lock_name or self.name)
        return before

    def _take_again(self, grant: Grant | None, before: Taken | None) -> None:
        if grant is not None:
            self._lock_name = grant.lock
            self.client.holdings.take_again(grant, before)


class Condition(_Waits, Entered, ConditionContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared condition for blocking callers, and a context manager."""

    def on(self, lock: str) -> Condition:
        """Return itself, knowing the name of its lock."""
        self._lock_name = lock
        return self

    def wait(self, timeout: float | None = None) -> bool:  # type: ignore[override]  # who calls is known
        """Give the lock back, wait to be notified, take it again; False if `timeout` was first."""
        before = self._put_aside()
        try:
            woken, grant = ConditionContract.wait(self, timeout)
        except BaseException:
            self.client.holdings.restore(before)
            with contextlib.suppress(Exception):  # what ended the wait says more
                self._take_again(self.resume(), before)
            raise
        self._take_again(grant, before)
        return bool(woken)

    def wait_for(self, predicate: Callable[[], T], timeout: float | None = None) -> T:
        """Wait until `predicate`, called with the lock held, is true; return its last result."""
        end = None if timeout is None else time.monotonic() + timeout
        result = predicate()
        while not result:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                break
            self.wait(left)
            result = predicate()
        return result


class AsyncCondition(_Waits, AsyncEntered, ConditionContract):  # type: ignore[misc]  # it takes the grant from the operation, and keeps it
    """A shared condition for awaiting callers, and an async context manager."""

    def on(self, lock: str) -> AsyncCondition:
        """Return itself, knowing the name of its lock."""
        self._lock_name = lock
        return self

    async def wait(self, timeout: float | None = None) -> bool:  # type: ignore[override]  # as above
        """Give the lock back, wait to be notified, take it again; False if `timeout` was first."""
        before = self._put_aside()
        try:
            woken, grant = await ConditionContract.wait(self, timeout)
        except BaseException as error:
            self.client.holdings.restore(before)
            if isinstance(error, asyncio.CancelledError):
                with contextlib.suppress(Exception):  # what ended the wait says more
                    self._take_again(await self._resume_in_any_case(), before)
            raise
        self._take_again(grant, before)
        return bool(woken)

    async def _resume_in_any_case(self) -> Grant | None:
        """Take the lock again however often that is cancelled: the block around it releases it."""
        while True:
            try:
                return await self.resume()
            except asyncio.CancelledError:
                continue

    async def wait_for(self, predicate: Callable[[], T], timeout: float | None = None) -> T:
        """Wait until `predicate`, called with the lock held, is true; return its last result."""
        loop = asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        result = predicate()
        while not result:
            left = None if end is None else end - loop.time()
            if left is not None and left <= 0:
                break
            await self.wait(left)
            result = predicate()
        return result
