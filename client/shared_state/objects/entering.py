"""Entering: what one holder has at a time is acquired, released, and a context manager.

`acquire` returns whether it was taken, as in the standard library; the grant stays with the client
(see `holdings`), and `grant` and `abandoned` tell of it. A ``with`` block gives it to its target.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, ClassVar, NamedTuple

from shared_state_protocol.contract import Arguments, Operation, operations
from shared_state_protocol.errors import StaleFence
from shared_state_protocol.grants import Grant
from shared_state_protocol.shapes import HERE

from ..batch import Promise
from ..holdings import Taken, lost
from ..proxy import AsyncProxy, Proxy

__all__ = ["NOT_IN_A_BATCH", "AsyncEntered", "Entered", "was_granted"]

NOT_IN_A_BATCH = "cannot be entered inside a batch: nothing would wait"


def was_granted(grant: Grant | None) -> bool:
    """Return what `acquire` returns to its caller."""
    return grant is not None


class _Operations(NamedTuple):
    """The operations of a lock, and the arguments that a release has before its fence."""

    acquire: Operation[..., Any]
    release: Operation[..., Any]
    release_by: Operation[..., Any] | None
    release_arguments: Arguments


class _Held:
    """What both kinds of proxies know of the lock that they stand for."""

    client: Any
    name: str
    _operations: ClassVar[_Operations]
    _lock_name: str | None = None  # unless it is the proxy's: a condition's lock may be another

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        promised = {each.name: each for each in operations(cls)}
        if promised:
            release = promised["release"]
            arguments = (HERE,) if release.wants_agent else ()
            cls._operations = _Operations(promised["acquire"], release, release.fenced, arguments)

    @property
    def grant(self) -> Grant | None:
        """The grant by which this client holds it, or None."""
        found: Grant | None = self.client.holdings.grant(self._lock_name or self.name)
        return found

    @property
    def abandoned(self) -> bool:
        """Whether this client holds it, and the holder before died with it."""
        grant = self.grant
        return grant is not None and grant.abandoned

    def _ask_for(self, blocking: bool, timeout: float | None) -> Any:
        return self.client.callers[self._operations.acquire](self.name, (blocking, timeout, HERE))

    def _take(self, grant: Grant | None) -> bool:
        if grant is None:
            return False
        self._lock_name = grant.lock
        self.client.holdings.take(grant)
        return True

    def _give(self, taken: Taken | None) -> Any:
        _, release, release_by, arguments = self._operations
        if taken is None:
            return self.client.callers[release](self.name, arguments)
        return self.client.callers[release_by](self.name, arguments + (taken[0],))  # noqa: RUF005  # no list between


class Entered(_Held, Proxy):
    """A lock for blocking callers: a context manager that acquires and releases."""

    def acquire(
        self, blocking: bool = True, timeout: float | None = None, *, block: bool = True
    ) -> bool:
        """Take the lock, waiting up to `timeout` seconds (None or -1: for ever).

        Returns whether it was taken. ValueError for another negative timeout, or for a timeout
        of a call that does not block. DeadlockError if those who wait would wait for each other.
        `block` is how `multiprocessing.Lock` calls `blocking`.
        """
        grant = self._ask_for(blocking and block, timeout)
        if type(grant) is Promise:
            return grant.through(was_granted)  # type: ignore[return-value]  # as all of a batch
        return self._take(grant)

    def release(self) -> None:
        """Give the lock back; RuntimeError if nobody holds it, LockLost if it was lost meanwhile.

        An rlock, and whatever is one, can be released by its owner only: RuntimeError.
        """
        taken = self.client.holdings.give(self._lock_name or self.name)
        try:
            given = self._give(taken)
        except StaleFence as refusal:
            raise lost(refusal, self.name) from None
        except BaseException:
            self.client.holdings.restore(taken)  # nobody knows whether it was released
            raise
        if type(given) is Promise:
            given.otherwise(lambda error: self._restore(taken, error))

    def _restore(self, taken: Taken | None, error: Exception) -> None:
        """Do the same for a release in a batch that failed, or that was not sent."""
        if not isinstance(error, StaleFence):
            self.client.holdings.restore(taken)

    def __enter__(self) -> Grant:
        grant = self._ask_for(blocking=True, timeout=None)
        if type(grant) is not Grant:
            raise RuntimeError(NOT_IN_A_BATCH)
        self._take(grant)
        return grant

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


class AsyncEntered(_Held, AsyncProxy):
    """A lock for awaiting callers: an async context manager that acquires and releases."""

    async def acquire(
        self, blocking: bool = True, timeout: float | None = None, *, block: bool = True
    ) -> bool:
        """Take the lock, waiting up to `timeout` seconds (None or -1: for ever).

        Returns whether it was taken. ValueError for another negative timeout, or for a timeout
        of a call that does not block. DeadlockError if those who wait would wait for each other.
        `block` is how `multiprocessing.Lock` calls `blocking`.
        """
        return self._take(await self._ask_for(blocking and block, timeout))

    async def release(self) -> None:
        """Give the lock back; RuntimeError if nobody holds it, LockLost if it was lost meanwhile.

        An rlock, and whatever is one, can be released by its owner only: RuntimeError.
        """
        taken = self.client.holdings.give(self._lock_name or self.name)
        try:
            await self._give(taken)
        except StaleFence as refusal:
            raise lost(refusal, self.name) from None
        except asyncio.CancelledError:
            raise  # the release goes on
        except BaseException:
            self.client.holdings.restore(taken)  # as above
            raise

    async def __aenter__(self) -> Grant:
        grant: Grant = await self._ask_for(blocking=True, timeout=None)
        self._take(grant)
        return grant

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.release()
