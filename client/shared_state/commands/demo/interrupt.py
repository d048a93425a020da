"""Ctrl-C and SIGTERM, heard between two steps.

An exception out of a signal handler could strike anywhere, also between the start of a process and
the moment that somebody remembers to end it. So the handler only takes a note, and the demo reads
it where nothing is half done. Nothing between two readings waits for long.
"""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupted", "Note", "interruptible"]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Somebody wants the demo to end; `signal_number` is how they said so."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.signal_number = signal_number


class Note:
    """The last signal that came."""

    def __init__(self) -> None:
        self._received: int | None = None

    def take(self, number: int, frame: FrameType | None) -> None:
        """Be a signal handler."""
        self._received = number

    def check(self) -> None:
        """Raise Interrupted if a signal came."""
        if self._received is not None:
            raise Interrupted(self._received)


@contextmanager
def interruptible() -> Generator[Note]:
    """Note signals instead of dying from them."""
    note = Note()
    before = {number: signal.signal(number, note.take) for number in SIGNALS}
    try:
        yield note
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
