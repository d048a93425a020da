"""The demo: count the words of the standard library together, then alone, and compare.

Together: jobs go into a shared queue; worker processes take them, add to shared counts under a
shared lock, and write what they did into a shared list. Alone: the same functions, in this process,
one file after the other. Any lost, doubled or mixed-up operation makes the two differ.
"""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console

from .counting import count_files
from .interrupt import Interrupted, Note, interruptible
from .processes import DemoFailed
from .progress import Shown, shown
from .sources import in_jobs, python_files, standard_library
from .summary import Count, difference, summary
from .together import count_together

__all__ = ["demo"]

ALONE = "one process alone"

INTERRUPTED_STATUS = 128
"""And the signal's number: the exit status by which shells know an interruption."""


def demo(
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1)] = 4,
    folder: Annotated[
        str, typer.Option(help="Count the Python files under this folder.", show_default=False)
    ] = "",
) -> None:
    """Count words in several processes, and check the result.

    The words are those of Python's standard library.
    """
    console = Console()
    try:
        with interruptible() as note:
            console.out(_run(console, note, workers, folder or standard_library()))
    except DemoFailed as failure:
        typer.echo(f"shared-state demo: {failure}", err=True)
        raise typer.Exit(1) from None
    except Interrupted as interrupted:
        typer.echo(f"shared-state demo: interrupted by {interrupted}", err=True)
        raise typer.Exit(INTERRUPTED_STATUS + interrupted.signal_number) from None


def _run(console: Console, note: Note, workers: int, folder: str) -> str:
    paths = python_files(folder)
    if not paths:
        raise DemoFailed(f"there are no Python files under {folder}")
    jobs = in_jobs(paths)
    with shown(console, len(paths)) as progress:
        together = count_together(jobs, workers, progress, note)
        alone = _count_alone(jobs, progress, note)
    wrong = difference(together, alone)
    if wrong:
        raise DemoFailed(f"the counts differ: {wrong}")
    return summary(together, alone, workers)


def _count_alone(jobs: list[list[str]], progress: Shown, note: Note) -> Count:
    count = Count()
    started = time.monotonic()
    for paths in jobs:
        tally = count_files(paths)
        count.tally.words.update(tally.words)
        count.tally.problems += tally.problems
        count.files += len(paths)
        progress.advance(ALONE, len(paths))
        note.check()
    count.seconds = time.monotonic() - started
    return count
