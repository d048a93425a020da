"""Reconnect: what may be sent again after a broken connection, and after how long.

Pure policy; whoever owns the socket and the clock asks here.

* The same session on the same server: send it again under its number. The server answers a request
  that it has carried out, and carries out one that it has not.
* Another instance of the server: it knows nothing, and what the old one knew is gone with its
  memory. Nothing is sent again: `StateLost`, once, and what comes after it is for the new instance,
  where the objects that the client had opened are opened again.
* The same server, but the lane is gone (the grace period was over): a query may be sent again, and
  so may an opening, which does nothing where the object is there; any other command took effect
  once or not at all, and its caller has to find out: `OutcomeUnknown`.
* A server that is closing refuses a request, which it then surely has not carried out. What comes
  after it is another instance: `StateLost`, as if the server had been killed just now. If nobody
  comes in time, the refusal is told, `ServerClosing`.
* A server that welcomes a client and hangs up again and again, without a reply between, is given up
  after the same time as one that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from shared_state_protocol.contract import Arguments, Operation
from shared_state_protocol.errors import OutcomeUnknown, StateLost

__all__ = ["LOST", "Breaks", "Opening", "check_resend", "delays"]

FIRST_DELAY_S = 0.02
"""The first try is made at once, the second after about this long."""

LONGEST_DELAY_S = 1.0
"""A server that comes back is found within about a second."""

LOST = "the server was lost with all that was in its memory; the next call finds a new one"


class Opening:
    """How an object was opened, to be opened so again where nothing is known of it.

    The proxies of the object keep it alive; whoever has none does not need the object.
    """

    __slots__ = ("__weakref__", "arguments", "name", "operation")

    def __init__(self, operation: Operation[..., object], name: str, arguments: Arguments) -> None:
        self.operation = operation
        self.name = name
        self.arguments = arguments


class Breaks:
    """Breaks that follow each other, with no reply between, and no connection that lasted.

    A connection that lasts for `timeout` seconds is as good as a reply: who waits may wait longer.
    """

    __slots__ = ("_first", "_made", "_timeout")

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._first: float | None = None
        self._made = 0.0

    def heard(self) -> None:
        """Take note of a reply."""
        self._first = None

    def made(self, now: float) -> None:
        """Take note of another connection."""
        self._made = now

    def check(self, now: float) -> None:
        """Take note of a break.

        Raises:
            ConnectionResetError: they have followed each other for longer than the timeout.
        """
        if self._first is None or now > self._made + self._timeout:
            self._first = now
        if now > self._first + self._timeout:
            self._first = None
            raise ConnectionResetError(
                f"the server has hung up again and again for {self._timeout:g} s, without a reply"
            )


def delays(random: Random) -> Iterator[float]:
    """Yield the seconds to wait before each try, jittered: clients should not come all at once."""
    yield 0.0
    delay = FIRST_DELAY_S
    while True:
        yield delay * random.uniform(0.5, 1.0)
        delay = min(delay * 2, LONGEST_DELAY_S)


def check_resend(operation: Operation[..., object], *, resumed: bool, same_instance: bool) -> None:
    """Return if a request may be sent again.

    Raises:
        StateLost: there is nobody left to send it to.
        OutcomeUnknown: nobody can know whether it has taken effect.
    """
    if not same_instance:
        raise StateLost(f"{operation.wire} was under way when {LOST}")
    if operation.changes and not resumed and not operation.opens:
        raise OutcomeUnknown(
            f"{operation.wire} took effect once or not at all: the connection was lost for longer "
            "than the server keeps a session"
        )
