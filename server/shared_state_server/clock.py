"""The one place where the server asks for the time."""

from __future__ import annotations

import time

__all__ = ["monotonic"]

monotonic = time.monotonic
"""Seconds of a clock that no administrator turns; deadlines and durations are counted on it."""
