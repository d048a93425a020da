"""An event loop whose clock stands still until a test moves it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

__all__ = ["VirtualLoop"]


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs callbacks pass by pass; no second of it really goes by."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._raised: list[BaseException] = []
        super().__init__()
        self.set_exception_handler(self._keep)

    def time(self) -> float:
        return self.now

    def turn(self, passes: int = 1) -> None:
        """Run what is due, so many times; raise what a callback raised."""
        for _ in range(passes):
            self.call_soon(self.stop)
            self.run_forever()
        if self._raised:
            raise self._raised.pop()

    def perform(self, function: Callable[..., object], *arguments: Any) -> None:
        """Run one function inside the loop, and nothing that it schedules."""
        self.call_soon(function, *arguments)
        self.turn()

    def pass_time(self, seconds: float) -> None:
        """Move the clock and run what has become due."""
        self.now += seconds
        self.turn(2)

    def _keep(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._raised.append(context.get("exception") or RuntimeError(context["message"]))
