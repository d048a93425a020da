"""Lock, bound twice: a context manager for each."""

from __future__ import annotations

from types import TracebackType

from shared_state_protocol.objects import Lock as LockContract

from ..proxy import AsyncProxy, Proxy

__all__ = ["AsyncLock", "Lock"]


class Lock(LockContract, Proxy):
    """A shared lock for blocking callers, and a context manager."""

    def __enter__(self) -> bool:
        if self.acquire() is not True:
            raise RuntimeError("a lock cannot be entered inside a batch: nothing would wait")
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class AsyncLock(LockContract, AsyncProxy):
    """A shared lock for awaiting callers, and an async context manager."""

    async def __aenter__(self) -> bool:
        return await self.acquire()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.release()
