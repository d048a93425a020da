"""The server: one event loop, one writer, and the objects in plain data."""

from __future__ import annotations

__all__: list[str] = []
