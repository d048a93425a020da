"""Progress: bars on a terminal, a line for each tenth elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

__all__ = ["Bars", "Lines", "Shown", "shown"]

LINES = 10
"""How many lines a count takes where there are no bars."""


class Shown(Protocol):
    """Counts of files that somebody watches."""

    def advance(self, title: str, files: int) -> None:
        """Add to the count of that title; all have the same end."""


class Bars:
    """Counts as bars, each made when there is something to show."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._tasks: dict[str, TaskID] = {}

    def advance(self, title: str, files: int) -> None:
        if title not in self._tasks:
            self._tasks[title] = self._progress.add_task(title, total=self._total)
        self._progress.advance(self._tasks[title], files)


class Lines:
    """Counts as lines of text."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done: Counter[str] = Counter()

    def advance(self, title: str, files: int) -> None:
        before = self._done[title]
        self._done[title] = now = before + files
        if now * LINES // self._total > before * LINES // self._total:
            self._console.out(f"{title}: {now} of {self._total} files", highlight=False)


@contextmanager
def shown(console: Console, total: int) -> Generator[Shown]:
    """Show how many of `total` files are counted, as the console can."""
    if not console.is_terminal:
        yield Lines(console, total)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bars(progress, total)
