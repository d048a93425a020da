"""Entering: what can be acquired and released is a context manager, for each of the clients.

`acquire` and `release` come from the contract that a class joins with one of these. They are
declared as `Any`, because an operation becomes a method only by the class that binds it.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

__all__ = ["AsyncEntered", "Entered"]


class Entered:
    """A context manager that acquires at its start and releases at its end."""

    acquire: Any
    release: Any

    def __enter__(self) -> bool:
        if self.acquire() is not True:
            raise RuntimeError("cannot be entered inside a batch: nothing would wait")
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class AsyncEntered:
    """An async context manager that acquires at its start and releases at its end."""

    acquire: Any
    release: Any

    async def __aenter__(self) -> bool:
        return bool(await self.acquire())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.release()
