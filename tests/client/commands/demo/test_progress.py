"""Progress: bars on a terminal, a bounded number of lines elsewhere."""

from __future__ import annotations

import io
import re

from rich.console import Console

from shared_state.commands.demo.progress import shown


def test_elsewhere_each_tenth_is_a_line() -> None:
    screen = io.StringIO()
    with shown(Console(file=screen), 20) as progress:
        for _ in range(20):
            progress.advance("all", 1)
    lines = screen.getvalue().splitlines()
    assert lines == [f"all: {files} of 20 files" for files in range(2, 21, 2)]


def test_counts_are_told_apart() -> None:
    screen = io.StringIO()
    with shown(Console(file=screen), 2) as progress:
        progress.advance("all", 1)
        progress.advance("worker 1", 2)
    assert screen.getvalue() == "all: 1 of 2 files\nworker 1: 2 of 2 files\n"


def test_on_a_terminal_there_is_a_bar_for_each_count() -> None:
    screen = io.StringIO()
    with shown(Console(file=screen, force_terminal=True, color_system=None), 7) as progress:
        progress.advance("all", 3)
        progress.advance("worker 1", 3)
        progress.advance("all", 4)
    assert re.search(r"all .* 7/7 .*\nworker 1 .* 3/7 .*\n.*$", screen.getvalue())
