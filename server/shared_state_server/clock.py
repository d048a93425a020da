"""The one place where the server asks for the time."""

from __future__ import annotations

import resource
import time

__all__ = ["monotonic", "thread_usage", "token_floor"]

_WHO: int = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)  # Linux knows threads

monotonic = time.monotonic
"""Seconds of a clock that no administrator turns; deadlines and durations are counted on it."""


def thread_usage() -> tuple[float, int]:
    """Return for how many seconds this thread had a processor, and how often it was switched."""
    used = resource.getrusage(_WHO)
    return time.thread_time(), used.ru_nvcsw + used.ru_nivcsw


def token_floor() -> int:
    """Return a token that is larger than those of servers before: the microseconds since 1970.

    No lock is given a million times a second, so the tokens of a server that begins at this number
    stay below the clock, and a server that starts later, without the state of this one, begins
    above them. An administrator who turns the clock back in between breaks that.
    """
    return time.time_ns() // 1000
