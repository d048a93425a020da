"""Entering: what can be acquired and released is a context manager, for each of the clients."""

from __future__ import annotations

from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Protocol

__all__ = ["AsyncEntered", "Entered"]


class _Acquirable(Protocol):
    def acquire(self) -> bool: ...
    def release(self) -> None: ...


class _AsyncAcquirable(Protocol):
    def acquire(self) -> Coroutine[Any, Any, bool]: ...
    def release(self) -> Coroutine[Any, Any, None]: ...


class Entered:
    """A context manager that acquires at its start and releases at its end."""

    def __enter__(self: _Acquirable) -> bool:
        if self.acquire() is not True:
            raise RuntimeError("cannot be entered inside a batch: nothing would wait")
        return True

    def __exit__(
        self: _Acquirable,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class AsyncEntered:
    """An async context manager that acquires at its start and releases at its end."""

    async def __aenter__(self: _AsyncAcquirable) -> bool:
        return await self.acquire()

    async def __aexit__(
        self: _AsyncAcquirable,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.release()
