"""A client that sends nothing."""

from __future__ import annotations

from typing import Any

from shared_state_protocol.contract import Arguments, Operation

__all__ = ["Recorder"]


class Recorder:
    """Notes what it is to send."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Arguments]] = []

    def call(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Any:
        """Note one call."""
        self.calls.append((operation.wire, name, arguments))
