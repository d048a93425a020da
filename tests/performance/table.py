"""Results as Markdown: a table for each workload, and one of what was wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Promise:
    """A figure that the project wants to reach, and what this run measured.

    `kept` informs the reader and decides nothing: a noisy machine may miss any of them.
    """

    text: str
    wanted: str
    measured: str
    kept: bool


@dataclass(frozen=True)
class Section:
    """What a workload found; `bars` are what a chart shows of it, in `unit`."""

    name: str
    title: str
    note: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    promises: Sequence[Promise] = ()
    absent: Mapping[str, str] = field(default_factory=dict)  # who failed: why
    unit: str = ""
    bars: Mapping[str, float] = field(default_factory=dict)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their widest cell: words to the left, figures to the right."""
    cells = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    ruler = ["-" * width if left else "-" * (width - 1) + ":" for width, left in words(widths)]
    lines = [aligned(cells[0], widths), ruler, *(aligned(row, widths) for row in cells[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def words(widths: Sequence[int]) -> Iterable[tuple[int, bool]]:
    """The first two columns are words, the rest figures."""
    return ((width, index < 2) for index, width in enumerate(widths))


def aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.ljust(width) if left else cell.rjust(width)
        for cell, (width, left) in zip(row, words(widths), strict=True)
    ]


def render(section: Section) -> str:
    parts = [f"## {section.title}", *filter(None, [section.note])]
    if section.rows:
        parts.append(markdown_table(section.header, section.rows))
    if section.absent:
        parts.append("\n".join(f"* {who} FAILED: {why}" for who, why in section.absent.items()))
    return "\n\n".join(parts) + "\n"


def render_promises(sections: Iterable[Section]) -> str:
    """What was wanted of all the workloads together, or nothing if nothing could be compared."""
    rows = [
        (promise.text, "reached" if promise.kept else "missed", promise.wanted, promise.measured)
        for section in sections
        for promise in section.promises
    ]
    if not rows:
        return ""
    return f"## Wanted\n\n{markdown_table(('what', 'this run', 'wanted', 'measured'), rows)}\n"
