"""Sessions: one client process as the server knows it, however often its connections break.

A `Session` has the lanes of its process, one for each connection, and the stakes: the objects in
which it may hold something. It ends when its process is gone; then its waiters vanish, what was
handed to it and not confirmed goes back, and what it held is abandoned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shared_state_protocol.wire.handshake import Hello

from .defects import contained
from .streams import Cursors

if TYPE_CHECKING:
    from .lane import Lane

__all__ = ["Session", "Stake"]


class Stake(Protocol):
    """An object in which a session may hold something."""

    def abandon(self, session: Session, now: float) -> None:
        """Take back what `session` holds: it is gone."""


class Session:
    """One client process as the server knows it.

    `losses` counts how often all its connections were lost, `is_over` says that it has ended.
    """

    __slots__ = ("__weakref__", "cursors", "hello", "id", "is_over", "lanes", "losses", "stakes")

    def __init__(self, hello: Hello) -> None:
        self.id = hello.session
        self.hello = hello
        self.is_over = False
        self.losses = 0
        self.lanes: dict[int, Lane] = {}
        self.stakes: dict[Stake, None] = {}
        self.cursors = Cursors()

    @property
    def is_connected(self) -> bool:
        """Whether some lane has a connection."""
        return any(lane.send is not None for lane in self.lanes.values())

    @property
    def is_lost(self) -> bool:
        """Whether it has no connection and may come back."""
        return not self.is_over and not self.is_connected

    def end(self, now: float) -> None:
        """Give up everything that the session waits for, holds, or was handed."""
        for lane in self.lanes.values():
            lane.withdraw_all(now)
        for stake in list(self.stakes):
            with contained("the end of a session"):
                stake.abandon(self, now)
        for lane in self.lanes.values():
            lane.undo_all(now)
        self.lanes.clear()  # which know their session: a ring would wait for the garbage collector
