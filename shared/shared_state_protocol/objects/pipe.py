"""Pipe: two ends that exchange values, wherever they are."""

from __future__ import annotations

from typing import Generic

from ..contract import command, delivery, query, waiting
from ..shapes import V

__all__ = ["Pipe"]


class Pipe(Generic[V]):
    """A pipe, as `multiprocessing.Pipe`: what one end sends, the other receives, in order.

    `end` is 0 or 1. An end is open from its first use until every process that used it has closed
    it or is gone. What is sent waits in a buffer of bounded size; a sender waits for room. In a
    pipe that is not duplex, end 0 only receives and end 1 only sends.
    """

    @command
    def open(self, duplex: bool = True) -> None:
        """Create the pipe if there is none of that name."""

    @command
    def attach(self, end: int) -> None:
        """Use an end; OSError if it was closed."""

    @waiting
    def send(self, end: int, value: V) -> None:
        """Send a value; BrokenPipeError if the other end is closed, OSError the wrong way."""

    @waiting
    def send_bytes(self, end: int, data: bytes) -> None:
        """Send bytes as they are."""

    @delivery
    def recv(self, end: int) -> V:
        """Receive a value, waiting for one; EOFError once the other end is closed and all is read.

        OSError the wrong way.
        """

    @delivery
    def recv_bytes(self, end: int) -> bytes:
        """Receive bytes as they were sent by `send_bytes`."""

    @waiting
    def poll(self, end: int, timeout: float | None = 0.0) -> bool:
        """Return whether there is something to receive, or the end, within `timeout` seconds."""

    @command
    def close(self, end: int) -> None:
        """Close an end for this process."""

    @query
    def duplex(self) -> bool:
        """Return whether both ends send and receive."""
