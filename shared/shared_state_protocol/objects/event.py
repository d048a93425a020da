"""Event: a flag that any number of clients wait for."""

from __future__ import annotations

from ..contract import command, query, waiting

__all__ = ["Event"]


class Event:
    """A flag with the methods of `threading.Event`."""

    @command
    def open(self) -> None:
        """Create the event, not set, if there is none of that name."""

    @query
    def is_set(self) -> bool:
        """Return whether the flag is set."""

    @command
    def set(self) -> None:
        """Set the flag and wake everybody who waits."""

    @command
    def clear(self) -> None:
        """Reset the flag."""

    @waiting
    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set; False if `timeout` seconds were over first."""
