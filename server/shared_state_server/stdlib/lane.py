"""The lane of a client of the standard library: one connection, one request at a time.

Such a client never says that a reply has arrived. Its next request says so; if it dies instead, the
kernel knows whether it had read everything (see `connection`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared_state_protocol.wire.handshake import Hello

from ..lane import Lane
from ..session import Session
from ..waiting import Deadlines, Undo

if TYPE_CHECKING:
    from .messages import Reply

__all__ = ["StdlibLane"]


class StdlibLane(Lane):
    """A lane whose replies are the standard library's.

    `agent` is the thread that calls, `convert` makes of a behaviour's result what the adapter that
    called it promises, and `undo` takes back what the last reply handed over.
    """

    __slots__ = ("_tell", "agent", "convert", "undo")

    def __init__(
        self,
        session: Session,
        hello: Hello,
        deadlines: Deadlines,
        agent: int,
        tell: Callable[[Reply], None],
    ) -> None:
        super().__init__(session, hello, deadlines)
        self.agent = agent
        self.convert: Callable[[Any], Any] | None = None
        self.undo: Undo | None = None
        self._tell = tell

    def answer(self, number: int, result: Any, undo: Undo | None = None) -> None:
        self.undo = undo
        if self.convert is not None:
            result, self.convert = self.convert(result), None
        self._tell(("#RETURN", result))

    def fail(self, number: int, error: Exception) -> None:
        self.convert = None
        self._tell(("#ERROR", error))

    def interrupt(self, now: float) -> None:
        """Withdraw a wait whose reply its client will not read: it has made another request."""
        self.withdraw_all(now)
        self.withdrawn.clear()  # nor will it ask again
        self.convert = None

    def undo_all(self, now: float) -> None:
        undo, self.undo = self.undo, None
        if undo is not None:
            undo(now)
