"""Admission: who may come in before anything is known of them.

A peer that has not authenticated itself costs one place, of which there is a bounded number in all
and per address, and nothing else: no thread, no session, no memory but its socket's.
"""

from __future__ import annotations

from collections import Counter

__all__ = ["Admission"]


class Admission:
    """Counts clients, and the peers that are not known yet."""

    def __init__(self, max_clients: int, max_pending: int, max_pending_per_address: int) -> None:
        self.clients = 0
        self._max_clients = max_clients
        self._max_pending = max_pending
        self._max_pending_per_address = max_pending_per_address
        self._pending: Counter[str] = Counter()

    @property
    def pending(self) -> int:
        """The number of peers that are not known yet."""
        return sum(self._pending.values())

    def enter(self, host: str) -> bool:
        """Give a new peer a place, if there is one. `host` is empty for a Unix socket."""
        if self.clients + self.pending >= self._max_clients or self.pending >= self._max_pending:
            return False
        if host and self._pending[host] >= self._max_pending_per_address:
            return False
        self._pending[host] += 1
        return True

    def authenticated(self, host: str) -> None:
        """Move a peer from the unknown to the clients."""
        self.gave_up(host)
        self.clients += 1

    def gave_up(self, host: str) -> None:
        """Take the place of an unknown peer back."""
        self._pending[host] -= 1
        if not self._pending[host]:
            del self._pending[host]

    def left(self) -> None:
        """Take the place of a client back."""
        self.clients -= 1
