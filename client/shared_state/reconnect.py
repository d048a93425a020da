"""Reconnect: what may be sent again after a broken connection, and after how long.

Pure policy; whoever owns the socket and the clock asks here.

* The same session on the same server: send it again under its number. The server answers a request
  that it has carried out, and carries out one that it has not.
* Another instance of the server: it has never seen the request, and what the old one did with it is
  gone with its memory. Send it.
* The same server, but the lane is gone (the grace period was over): a query may be sent again;
  a command took effect once or not at all, and its caller has to find out: `OutcomeUnknown`.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from shared_state_protocol.contract import Operation
from shared_state_protocol.errors import OutcomeUnknown

__all__ = ["check_resend", "delays"]

FIRST_DELAY_S = 0.02
"""The first try is made at once, the second after about this long."""

LONGEST_DELAY_S = 1.0
"""A server that comes back is found within about a second."""


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
        OutcomeUnknown: nobody can know whether it has taken effect.
    """
    if operation.changes and same_instance and not resumed:
        raise OutcomeUnknown(
            f"{operation.wire} took effect once or not at all: the connection was lost for longer "
            "than the server keeps a session"
        )
