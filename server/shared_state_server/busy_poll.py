"""Busy polling: the loop looks for the next request for a moment before it sleeps.

A client that calls again and again sends its next request within microseconds of the reply. To put
the server to sleep in between and to wake it up takes the kernel longer than all the rest of the
request: some 200 µs on a virtual machine, where an idle processor is given back, and milliseconds
where others are waiting to be given it. So while requests follow each other closely, the loop does
not sleep: it turns, with a look at its sockets each time, until nothing was heard for `window`
seconds.

That is worth it as long as there is much to hear, and nobody else wants the processor. A thread
that never sleeps has used all the time that has passed, unless another thread or process was given
some of it: two clocks and the number of switches tell. (Of time that a hypervisor took the clocks
alone know.) Both are asked for at the end of each spell of being awake. Where one of them is not
so, `Backoff` leaves out the next spells for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from shared_state_protocol.backoff import Backoff

__all__ = ["BusyPoll"]

WORTH = 4
"""Requests that have to be heard for each window that was spent on looking in vain: one for 0.5 ms.
The window itself is longer, since it has to outlast the wake-up of a client that sleeps, and that
one calls as often as the others as soon as it finds the server awake. Without this, whoever calls
every millisecond had the server awake all the time: 0.65 ms of its processor for a call, instead of
0.08."""

SPELL_WINDOWS = 2
"""Windows after which to ask whether it was worth it."""

LEAST_SHARE = 0.75
"""Of the processor's time; with less the loop is in others' way. Interrupts take a few percent."""


class BusyPoll:
    """Keeps a loop awake while requests follow each other closely.

    `clock` returns the seconds that pass; `usage` those that this thread has worked, and how often
    another one had its place.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        window: float,
        clock: Callable[[], float],
        usage: Callable[[], tuple[float, int]],
    ) -> None:
        self._loop = loop
        self._window = window
        self._clock = clock
        self._usage = usage
        self._backoff = Backoff()
        self._is_awake = False
        self._has_heard = False
        self._until = 0.0
        self._looked = 0.0  # when
        # Of this spell:
        self._began = 0.0
        self._heard = 0
        self._in_vain = 0.0  # seconds of looking without hearing anything
        self._used = 0.0, 0

    def heard(self) -> None:
        """Take note that a request has come."""
        if self._is_awake:
            self._has_heard = True
        elif self._window:
            now = self._clock()
            if not self._backoff.rests(now):
                self._is_awake = True
                self._looked = now
                self._until = now + self._window
                self._begin_spell(now)
                self._loop.call_soon(self._look)

    def _begin_spell(self, now: float) -> None:
        self._began = now
        self._heard = 0
        self._in_vain = 0.0
        self._used = self._usage()

    def _look(self) -> None:
        """Have the loop look at its sockets once more, or sleep."""
        now = self._clock()
        if self._has_heard:
            self._has_heard = False
            self._heard += 1
            self._until = now + self._window
        else:
            self._in_vain += now - self._looked
        self._looked = now
        is_silent = now > self._until
        if is_silent or now - self._began >= SPELL_WINDOWS * self._window:
            pays = self._is_worth_it() and not self._is_in_the_way(now - self._began)
            if pays:
                self._backoff.paid()
            else:
                self._backoff.failed(now)
            if is_silent or not pays:
                self._is_awake = False
                return
            self._begin_spell(now)
        self._loop.call_soon(self._look)

    def _is_worth_it(self) -> bool:
        return self._heard * self._window >= WORTH * self._in_vain

    def _is_in_the_way(self, seconds: float) -> bool:
        """Return whether another thread or process was given time that this one would have used."""
        (worked_before, switches_before), (worked, switches) = self._used, self._usage()
        share_was_left = worked - worked_before >= LEAST_SHARE * seconds
        return switches > switches_before and not share_was_left
