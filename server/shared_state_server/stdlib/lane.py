"""The lane of a client of the standard library: one connection, one request at a time.

Such a client never says that a reply has arrived. Its next request says so; if it dies instead, the
kernel knows whether it had read everything (see `connection`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared_state_protocol.errors import ServerClosing
from shared_state_protocol.wire.handshake import Hello

from ..defects import contained
from ..lane import Lane
from ..service import Service
from ..session import Session
from ..waiting import Undo

if TYPE_CHECKING:
    from .messages import Reply

__all__ = ["StdlibLane"]


class StdlibLane(Lane):
    """A lane whose replies are the standard library's.

    `agent` is the thread that calls, `convert` makes of a behaviour's result what the adapter that
    called it promises, and `undo` takes back what the last reply handed over. `leave` ends the
    connection, if there is one.
    """

    __slots__ = ("_clock", "_leave", "_tell", "agent", "convert", "undo")

    def __init__(
        self,
        service: Service,
        session: Session,
        hello: Hello,
        agent: int,
        tell: Callable[[Reply], None],
        leave: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(session, hello, service.deadlines)
        self._clock = service.clock
        self.agent = agent
        self.convert: Callable[[Any], Any] | None = None
        self.undo: Undo | None = None
        self._tell = tell
        self._leave = leave

    def answer(self, number: int, result: Any, undo: Undo | None = None) -> None:
        convert, self.convert = self.convert, None
        if convert is not None:
            try:
                result = convert(result)
            except Exception as error:  # noqa: BLE001  # whatever a class of a user raises
                if undo is not None:
                    with contained("giving back what cannot be read"):
                        undo(self._clock())
                self.fail(number, error)
                return
        self.undo = undo
        self._tell(("#RETURN", result))

    def fail(self, number: int, error: Exception) -> None:
        self.convert = None
        if self._leave is not None and isinstance(error, ServerClosing):
            self._leave()  # the standard library's server just goes, and its programs expect that
        else:
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
