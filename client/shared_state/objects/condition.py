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
from typing import TypeVar

from shared_state_protocol.objects import Condition as ConditionContract

from ..proxy import AsyncProxy, Proxy
from .entering import AsyncEntered, Entered

__all__ = ["AsyncCondition", "Condition"]

T = TypeVar("T")


class Condition(ConditionContract, Proxy, Entered):
    """A shared condition for blocking callers, and a context manager."""

    def wait(self, timeout: float | None = None) -> bool:  # type: ignore[override]  # who calls is known
        """Give the lock back, wait to be notified, take it again; False if `timeout` was first."""
        try:
            return bool(ConditionContract.wait(self, timeout))
        except BaseException:
            with contextlib.suppress(Exception):  # what ended the wait says more
                self.resume()
            raise

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


class AsyncCondition(ConditionContract, AsyncProxy, AsyncEntered):
    """A shared condition for awaiting callers, and an async context manager."""

    async def wait(self, timeout: float | None = None) -> bool:  # type: ignore[override]  # as above
        """Give the lock back, wait to be notified, take it again; False if `timeout` was first."""
        try:
            return bool(await ConditionContract.wait(self, timeout))
        except asyncio.CancelledError:
            await self._resume_in_any_case()
            raise

    async def _resume_in_any_case(self) -> None:
        """Take the lock again however often that is cancelled: the block around it releases it."""
        while True:
            try:
                await self.resume()
            except asyncio.CancelledError:
                continue
            return

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
