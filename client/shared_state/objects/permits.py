"""Permits: what several holders have at a time.

`acquire` and `release` of a semaphore need not come in pairs: one process may acquire what another
one releases. So nothing is remembered of them here; the server remembers what a process had that it
gave up, and refuses its release by `LockLost`. What a ``with`` block has acquired it gives back
itself, and its grant says which permit that is: if the server has given it to somebody else since,
the end of the block raises `LockLost` and takes nothing from anybody.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import StaleFence
from shared_state_protocol.grants import Grant
from shared_state_protocol.objects import Semaphore

from ..agents import number_of_task
from ..batch import Promise
from ..holdings import lost
from ..proxy import AsyncProxy, Proxy
from .entering import NOT_IN_A_BATCH, was_granted

__all__ = ["AsyncPermits", "Permits"]

ACQUIRE: Operation[..., Any] = Semaphore.acquire
RELEASE: Operation[..., Any] = Semaphore.release
RELEASE_OWN = RELEASE.fenced

FOR_EVER: Arguments = (True, None)


class _Entered:
    """The grants of the ``with`` blocks that are open, by their thread or task, outermost first."""

    client: Any
    name: str

    def _begin(self, agent: int, grant: Grant) -> Grant:
        entered: dict[int, list[Grant]] = vars(self).setdefault("_entered", {})
        entered.setdefault(agent, []).append(grant)
        return grant

    def _end(self, agent: int) -> Any:
        """Return the release of the innermost block of a thread or task."""
        entered: dict[int, list[Grant]] = vars(self).get("_entered", {})
        grants = entered.get(agent)
        if not grants:  # a block of an async generator may end in another task than it began in
            return self.client.callers[RELEASE](self.name, (1,))
        grant = grants.pop()
        if not grants:
            del entered[agent]
        return self.client.callers[RELEASE_OWN](self.name, (1, grant))


class Permits(_Entered, Proxy):
    """Permits for blocking callers: a context manager for one of them."""

    def acquire(
        self, blocking: bool = True, timeout: float | None = None, *, block: bool = True
    ) -> bool:
        """Take a permit, waiting up to `timeout` seconds (None: for ever; negative: not at all).

        Returns whether one was taken. ValueError for a timeout of a call that does not block.
        `block` is how `multiprocessing.Semaphore` calls `blocking`.
        """
        grant = self.client.callers[ACQUIRE](self.name, (blocking and block, timeout))
        if type(grant) is Promise:
            return grant.through(was_granted)  # type: ignore[return-value]  # as all of a batch
        return was_granted(grant)

    def __enter__(self) -> Grant:
        grant = self.client.callers[ACQUIRE](self.name, FOR_EVER)
        if type(grant) is not Grant:
            raise RuntimeError(NOT_IN_A_BATCH)
        return self._begin(threading.get_ident(), grant)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._end(threading.get_ident())
        except StaleFence as refusal:
            raise lost(refusal, self.name) from None


class AsyncPermits(_Entered, AsyncProxy):
    """Permits for awaiting callers: an async context manager for one of them."""

    async def acquire(
        self, blocking: bool = True, timeout: float | None = None, *, block: bool = True
    ) -> bool:
        """Take a permit, waiting up to `timeout` seconds (None: for ever; negative: not at all).

        Returns whether one was taken. ValueError for a timeout of a call that does not block.
        `block` is how `multiprocessing.Semaphore` calls `blocking`.
        """
        return was_granted(
            await self.client.callers[ACQUIRE](self.name, (blocking and block, timeout))
        )

    async def __aenter__(self) -> Grant:
        grant: Grant = await self.client.callers[ACQUIRE](self.name, FOR_EVER)
        return self._begin(number_of_task(), grant)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._end(number_of_task())
        except StaleFence as refusal:
            raise lost(refusal, self.name) from None
