"""Refused: a command that is wrong or unsafe as it was given."""

from __future__ import annotations

__all__ = ["Refused"]


class Refused(Exception):
    """What was asked for is not done; the message says why, and what to do instead."""
