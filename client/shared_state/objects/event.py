"""Event, bound twice."""

from __future__ import annotations

from shared_state_protocol.objects import Event as EventContract

from ..proxy import AsyncProxy, Proxy

__all__ = ["AsyncEvent", "Event"]


class Event(EventContract, Proxy):
    """A shared event for blocking callers."""


class AsyncEvent(EventContract, AsyncProxy):
    """A shared event for awaiting callers."""
