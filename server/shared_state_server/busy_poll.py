"""Busy polling: the loop looks for the next request for a moment before it sleeps.

A client that calls again and again sends its next request within microseconds of the reply. To put
the server to sleep in between and to wake it up takes the kernel longer than all the rest of the
request (on a virtual machine, where an idle processor is given back, up to 200 µs). So while
requests follow each other that closely, the loop does not sleep: it turns, with a look at its
sockets each time, until nothing was heard for `window` seconds.

That is worth it as long as nobody else wants the processor. A thread that never sleeps has used all
the time that has passed, unless another thread or process was given some of it; the two clocks
tell. Then, and where too little was heard for the time it took, `Backoff` leaves out more and more
of such vigils.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from shared_state_protocol.backoff import Backoff

__all__ = ["BusyPoll"]

WORTH = 4
"""Requests that have to be heard in one vigil. Its end is in vain, and takes as long as so many
wake-ups."""

SPELL_S = 0.002
"""How often to look whether others want the processor; a turn of theirs is of that order."""

LEAST_SHARE = 0.75
"""Of the processor's time; with less the loop is in others' way. Interrupts take a few percent."""


class BusyPoll:
    """Keeps a loop awake while requests follow each other closely.

    `clock` and `cpu_clock` return seconds: those that pass, and those that this thread has worked.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        window: float,
        clock: Callable[[], float],
        cpu_clock: Callable[[], float],
    ) -> None:
        self._loop = loop
        self._window = window
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._backoff = Backoff()
        self._is_awake = False
        self._has_heard = False
        self._heard = 0
        self._until = 0.0
        self._spell = 0.0, 0.0  # when it began, on both clocks

    def heard(self) -> None:
        """Take note that a request has come."""
        if self._is_awake:
            self._has_heard = True
        elif self._window and not self._backoff.skips():
            self._stay_awake()

    def _stay_awake(self) -> None:
        now = self._clock()
        self._is_awake = True
        self._has_heard = False
        self._heard = 0
        self._until = now + self._window
        self._spell = now, self._cpu_clock()
        self._loop.call_soon(self._look)

    def _look(self) -> None:
        """Have the loop look at its sockets once more, or sleep."""
        now = self._clock()
        if self._has_heard:
            self._has_heard = False
            self._heard += 1
            self._until = now + self._window
        if now > self._until:
            self._sleep(pays=self._heard >= WORTH and not self._is_in_the_way(now))
        elif now - self._spell[0] < SPELL_S:
            self._loop.call_soon(self._look)
        elif self._is_in_the_way(now):
            self._sleep(pays=False)
        else:
            self._backoff.paid()
            self._spell = now, self._cpu_clock()
            self._loop.call_soon(self._look)

    def _sleep(self, *, pays: bool) -> None:
        self._is_awake = False
        if pays:
            self._backoff.paid()
        else:
            self._backoff.failed()

    def _is_in_the_way(self, now: float) -> bool:
        """Return whether another thread or process was given time that this one would have used."""
        began, cpu_began = self._spell
        return self._cpu_clock() - cpu_began < LEAST_SHARE * (now - began)
