"""Loops: whether an event loop runs in this thread, where nothing may block."""

from __future__ import annotations

import asyncio

__all__ = ["is_in_loop"]


def is_in_loop() -> bool:
    """Return whether an event loop runs in this thread: what blocks has to be done in another."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
