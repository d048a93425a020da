"""A client that sends nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

from shared_state_protocol.contract import Arguments, Caller, Made, Operation

__all__ = ["Recorder"]


class Recorder:
    """Notes what it is to send."""

    def __init__(self) -> None:
        self.callers: Made[Operation[..., Any], Caller] = Made(
            lambda operation: partial(self._call, operation)
        )
        self.calls: list[tuple[str, str, Arguments]] = []

    def _call(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Any:
        """Note one call."""
        self.calls.append((operation.wire, name, arguments))
