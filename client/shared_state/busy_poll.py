"""Busy polling: look for a reply for a moment before sleeping until it comes.

Being put to sleep and woken up again takes longer than the request itself (on a virtual machine,
where an idle processor is given back, up to 200 µs). A reply for which nobody has to wait is there
after some 20 µs if the server is awake, for which the server cares in the same way.

Where it does not pay, because the server has others to serve, or others want the processor that
this process would use to look, `Backoff` leaves out more and more of it: there is a deadline, which
passes also while somebody else has the processor.
"""

from __future__ import annotations

import select
from time import perf_counter

from shared_state_protocol.backoff import Backoff

__all__ = ["BUSY_POLL_S", "BusyPoll", "readable"]

BUSY_POLL_S = 50e-6
"""Twice as long as a server that is awake takes. With four times as much one client was 1.1 to 1.2
times as fast, and eight clients of a queue on two cores 1.3 times slower."""


class BusyPoll:
    """How replies of one kind are waited for: awake for at most `window` seconds."""

    __slots__ = ("_backoff", "_window")

    def __init__(self, window: float) -> None:
        self._window = window
        self._backoff = Backoff()

    def wait(self, poll: select.poll) -> None:
        """Return once there is something to read, or when it is time to sleep until there is."""
        if not self._window:
            return
        now = perf_counter()
        if self._backoff.rests(now):
            return
        until = now + self._window
        while not poll.poll(0):
            now = perf_counter()
            if now > until:
                self._backoff.failed(now)
                return
        self._backoff.paid()


def readable(descriptor: int) -> select.poll:
    """Return what tells whether there is something to read, or the connection is at its end."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return poll
