"""A history: what was called when, what came of it, and what befell the network meanwhile.

`Call.called` and `Call.returned` count the events of the whole run, so they say what was before
what. A call whose caller gave up, died, or got an error that says nothing about the effect has the
result `UNKNOWN`: it took effect once or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["UNKNOWN", "Call", "History", "Raised"]


class Unknown:
    """The outcome that nobody knows."""

    def __repr__(self) -> str:
        return "?"


UNKNOWN = Unknown()


class Raised(NamedTuple):
    """An exception as a result, by the name of its class."""

    name: str

    def __repr__(self) -> str:
        return self.name


class Call:
    """One call of one worker. `ended` is when its caller got, or gave up, the reply."""

    def __init__(
        self, process: str, worker: int, session: bytes, operation: str, arguments: tuple[Any, ...]
    ) -> None:
        self.process = process
        self.worker = worker
        self.session = session
        self.operation = operation
        self.arguments = arguments
        self.number = 0
        self.called = self.ended = 0
        self.called_at = self.ended_at = 0.0
        self.result: Any = UNKNOWN

    @property
    def is_known(self) -> bool:
        """Whether the caller has been told what came of it."""
        return self.result is not UNKNOWN

    @property
    def who(self) -> str:
        """The worker that called."""
        return f"{self.process}.{self.worker}"

    def __repr__(self) -> str:
        given = ", ".join(map(repr, self.arguments))
        return f"{self.who} {self.operation}({given})#{self.number}"


class History:
    """All calls of one run in the order in which they were made, and a line for every event."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.calls: list[Call] = []
        self.events = 0
        self._clock = clock
        self._lines: list[tuple[float, object, object]] = []

    def begin(self, call: Call) -> Call:
        """Take note that a call begins."""
        self.calls.append(call)
        call.called, call.called_at = self._next(), self._clock()
        self.note("call", call)
        return call

    def end(self, call: Call, result: Any) -> None:
        """Take note of what came of a call."""
        call.result = result
        call.ended, call.ended_at = self._next(), self._clock()
        self.note("   =", (call, result))

    def note(self, kind: object, what: object) -> None:
        """Take note of anything else."""
        self._lines.append((self._clock(), kind, what))

    def _next(self) -> int:
        self.events += 1
        return self.events

    def __str__(self) -> str:
        return "\n".join(f"{at:10.4f}  {kind}  {_text(what)}" for at, kind, what in self._lines)


def _text(what: object) -> str:
    if isinstance(what, tuple):
        call, result = what
        return f"{call} = {result!r}"
    return str(what)
