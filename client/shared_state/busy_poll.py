"""Waiting for a reply: look for it for a moment, and then sleep until it comes.

Being put to sleep and woken up again takes longer than the request itself (on a virtual machine,
where an idle processor is given back, up to 200 µs). A reply for which nobody has to wait is there
after some 20 µs if the server is awake, for which the server cares in the same way.

Where it does not pay, because the server has others to serve, or others want the processor that
this process would use to look, `Backoff` leaves out more and more of it: there is a deadline, which
passes also while somebody else has the processor.
"""

from __future__ import annotations

import select
import socket
from time import perf_counter

from shared_state_protocol.backoff import Backoff

__all__ = ["BUSY_POLL_S", "BusyPoll", "Readable"]

BUSY_POLL_S = 200e-6
"""As long as it takes to be woken up where that takes long. With a quarter of it one client had 0.7
to 0.9 of the rate; two, three and eight had the same."""

WORTH = 0.5
"""Of the window, within which something has to come for the look to be worth it. What comes later
came after more work than a sleep would have been, and what is there at once was not looked for."""

NAP_MS = 10
"""For how long to sleep in `poll`, from which only something to read wakes. Whoever sleeps in
`recv` on a Unix socket is woken up also as soon as the server has read the request, for nothing:
1.4 times for each request of eight clients, instead of once. That happens long before so much time
is over, and whoever sleeps on may do so in `recv`, which knows the deadline. TCP has no such
thing."""


class Readable:
    """What tells whether there is something to read from a socket, or it is at its end.

    `poll` waits for it for so many milliseconds at the most, and `nap_ms` is how many to sleep so;
    `is_napping` says that somebody does. Whoever is called by a signal then cannot ask it.
    """

    __slots__ = ("is_napping", "nap_ms", "poll")

    def __init__(self, sock: socket.socket) -> None:
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        self.poll = poll.poll
        self.nap_ms = NAP_MS if sock.family == socket.AF_UNIX else 0
        self.is_napping = False


class BusyPoll:
    """How replies of one kind are waited for: awake for at most `window` seconds."""

    __slots__ = ("_backoff", "_window")

    def __init__(self, window: float) -> None:
        self._window = window
        self._backoff = Backoff()

    def wait(self, readable: Readable) -> None:
        """Return once there is something to read, or when it is time to sleep in the read."""
        if readable.is_napping:
            return
        if self._window:
            began = now = perf_counter()
            if not self._backoff.rests(now):
                while not readable.poll(0):
                    now = perf_counter()
                    if now - began > self._window:
                        self._backoff.failed(now)
                        break
                else:
                    if 0 < now - began < WORTH * self._window:
                        self._backoff.paid()
                    return
        if readable.nap_ms:
            readable.is_napping = True
            try:
                readable.poll(readable.nap_ms)
            finally:
                readable.is_napping = False
