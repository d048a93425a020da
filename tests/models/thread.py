"""A thread that calls functions for a model, one after another.

It is a daemon: where a test fails it may stay blocked for ever in what it calls, and would keep a
`ThreadPoolExecutor`, and so the interpreter, from ending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

__all__ = ["Thread"]


class Thread:
    """Runs what is submitted, until it is shut down."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have `function` called, and return its future result."""
        future: Future[Any] = Future()
        self._calls.put((future, lambda: function(*arguments)))
        return future

    def shutdown(self) -> None:
        """End the thread after what it does now."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            future, function = call
            try:
                future.set_result(function())
            except Exception as error:  # noqa: BLE001  # it is for whoever submitted the call
                future.set_exception(error)
