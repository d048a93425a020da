"""Barrier, bound twice, with an action that runs where the last party is.

`parties`, `n_waiting` and `broken` are attributes for blocking callers, as in the standard library:
``if barrier.broken:`` would be true of any method. Awaiting callers call them.
"""

from __future__ import annotations

from collections.abc import Callable

from shared_state_protocol.objects import Barrier as BarrierContract

from ..batch import known
from ..proxy import AsyncProxy, Proxy

__all__ = ["AsyncBarrier", "Barrier"]

Action = Callable[[], object]


class Barrier(BarrierContract, Proxy):
    """A shared barrier for blocking callers."""

    _action: Action | None = None

    def with_action(self, action: Action | None) -> Barrier:
        """Have this process run `action` when it is the last to arrive, before all go on.

        The action stays in this process: a barrier that was pickled, or stored as a value, has none
        until it is given one where it arrives.
        """
        self._action = action
        return self

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the others; return this party's index, 0 to parties - 1.

        Raises:
            threading.BrokenBarrierError: it was aborted or reset, a party's time was over, or a
                party is gone.
        """
        index, has_to_act = self.arrive(timeout, self._action is not None)
        if has_to_act and self._action is not None:
            try:
                self._action()
            except BaseException:
                self.abort()
                raise
            self.pass_all()
        return index

    @property
    def parties(self) -> int:  # type: ignore[override]  # an attribute, as in the standard library
        """The number of parties that it takes."""
        return int(known(BarrierContract.parties(self)))

    @property
    def n_waiting(self) -> int:  # type: ignore[override]  # as above
        """The number of parties that wait now."""
        return int(known(BarrierContract.n_waiting(self)))

    @property
    def broken(self) -> bool:  # type: ignore[override]  # as above
        """Whether it is broken."""
        return bool(known(BarrierContract.broken(self)))


class AsyncBarrier(BarrierContract, AsyncProxy):
    """A shared barrier for awaiting callers."""

    _action: Action | None = None

    def with_action(self, action: Action | None) -> AsyncBarrier:
        """Have this client run `action` when it is the last to arrive, before all go on."""
        self._action = action
        return self

    async def wait(self, timeout: float | None = None) -> int:
        """Wait for the others; return this party's index, 0 to parties - 1.

        Raises:
            threading.BrokenBarrierError: it was aborted or reset, a party's time was over, or a
                party is gone.
        """
        index, has_to_act = await self.arrive(timeout, self._action is not None)
        if has_to_act and self._action is not None:
            try:
                self._action()
            except BaseException:
                await self.abort()
                raise
            await self.pass_all()
        return index
