"""Hooks: how an error gets past ormsgpack.

ormsgpack calls a hook for each value that is not its own, and replaces whatever the hook raises, a
Ctrl-C included, by an error that says nothing. So a hook notes what it raises, and who called
ormsgpack takes the note. A context variable keeps the notes of threads and tasks apart.

Its own errors cannot be told by their class: they are `TypeError` and `ValueError` themselves.
"""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["is_noted", "note", "take"]

_RAISED: ContextVar[BaseException | None] = ContextVar("shared_state_raised", default=None)


def note(raised: BaseException) -> None:
    """Keep what a hook is about to raise, unless it comes from a hook further inside."""
    if _RAISED.get() is None:
        _RAISED.set(raised)


def is_noted() -> bool:
    """Return whether an error of ormsgpack comes from a hook."""
    return _RAISED.get() is not None


def take() -> BaseException | None:
    """Return what the hook raised, once; None if ormsgpack failed by itself."""
    raised = _RAISED.get()
    _RAISED.set(None)
    return raised
