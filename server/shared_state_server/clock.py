"""The one place where the server asks for the time."""

from __future__ import annotations

import time

__all__ = ["cpu_time", "monotonic", "token_floor"]

monotonic = time.monotonic
"""Seconds of a clock that no administrator turns; deadlines and durations are counted on it."""

cpu_time = time.thread_time
"""Seconds for which this thread has had a processor."""


def token_floor() -> int:
    """Return a token that is larger than those of servers before: the microseconds since 1970.

    No lock is given a million times a second, so the tokens of a server that begins at this number
    stay below the clock, and a server that starts later, without the state of this one, begins
    above them. An administrator who turns the clock back in between breaks that.
    """
    return time.time_ns() // 1000
