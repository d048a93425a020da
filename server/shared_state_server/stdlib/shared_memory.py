"""The server of a `SharedMemoryManager`: it removes the shared memory that it was told of."""

from __future__ import annotations

import contextlib
from multiprocessing import shared_memory
from typing import Any

from .server import Server

__all__ = ["SharedMemoryServer"]


class SharedMemoryServer(Server):
    """A server that keeps the names of shared memory, and unlinks it at its end."""

    public = [*Server.public, "track_segment", "release_segment", "list_segments"]  # noqa: RUF012  # the standard library's own

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._segments: list[str] = []

    def track_segment(self, c: Any, segment_name: str) -> None:
        """Take note of a block."""
        self._segments.append(segment_name)

    def release_segment(self, c: Any, segment_name: str) -> None:
        """Remove a block."""
        self._segments.remove(segment_name)
        _unlink(segment_name)

    def list_segments(self, c: Any) -> list[str]:
        """Return the names of all blocks."""
        return list(self._segments)

    def shutdown(self, c: Any) -> None:
        """Remove all blocks, and end the server."""
        while self._segments:
            with contextlib.suppress(FileNotFoundError):
                _unlink(self._segments.pop())
        super().shutdown(c)


def _unlink(name: str) -> None:
    segment = shared_memory.SharedMemory(name)
    segment.close()
    segment.unlink()
