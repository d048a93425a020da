"""A semaphore in memory that never has more permits than at first."""

from __future__ import annotations

from .semaphore import Semaphore

__all__ = ["BoundedSemaphore"]


class BoundedSemaphore(Semaphore):
    """Keeps the contract `shared_state_protocol.objects.BoundedSemaphore`."""

    def __init__(self, value: int = 1) -> None:
        super().__init__(value)
        self._bound = value

    def _refuse_too_many(self, n: int) -> None:
        if self._free + n > self._bound:
            raise ValueError("Semaphore released too many times")
