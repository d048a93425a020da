"""The summary: how the two counts compare, and what was counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .counting import Tally
from .worker import Entry

__all__ = ["Count", "difference", "summary"]

TOP = 10
EXAMPLES = 3
"""Words that are named when counts differ: enough to look for the reason."""


@dataclass
class Count:
    """A tally, and how it came about."""

    tally: Tally = field(default_factory=Tally)
    files: int = 0
    seconds: float = 0.0
    operations: int = 0
    transports: set[str] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        """Add what one line of the log says."""
        self.files += entry["files"]
        self.operations += entry["operations"]
        self.transports.add(entry["transport"])
        self.tally.problems += entry["problems"]


def difference(shared: Count, alone: Count) -> str:
    """Say how two counts differ; nothing if they are equal."""
    if shared.files != alone.files:
        return f"{shared.files} files were counted together, {alone.files} alone"
    if sorted(shared.tally.problems) != sorted(alone.tally.problems):
        return f"problems with {shared.tally.problems} together, {alone.tally.problems} alone"
    words = {*shared.tally.words, *alone.tally.words}
    wrong = sorted(word for word in words if shared.tally.words[word] != alone.tally.words[word])
    examples = (
        f"{word!r} {shared.tally.words[word]} times together, {alone.tally.words[word]} alone"
        for word in wrong[:EXAMPLES]
    )
    return f"{len(wrong)} words have other counts: {'; '.join(examples)}" if wrong else ""


def summary(shared: Count, alone: Count, workers: int) -> str:
    """Describe two counts that are equal."""
    words = shared.tally.words
    rate = shared.operations / shared.seconds
    return "\n".join(
        [
            f"{workers} worker processes and one process alone counted the same.",
            f"files            {shared.files:,}, {len(shared.tally.problems)} of them not readable",
            f"words            {words.total():,}",
            f"distinct words   {len(words):,}",
            f"seconds          {shared.seconds:.1f} together, {alone.seconds:.1f} alone",
            f"operations       {shared.operations:,}, {rate:,.0f} a second",
            f"transport        {', '.join(sorted(shared.transports))}",
            f"top {TOP} words     {_top(words)}",
        ]
    )


def _top(words: Counter[str]) -> str:
    return ", ".join(f"{word} {times:,}" for word, times in words.most_common(TOP))
