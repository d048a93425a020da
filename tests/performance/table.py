"""Results as Markdown: a table for each workload, and one of what was wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

WANTED_HEADER = ("work", "against", "wanted", "measured (rounds)", "bare echo", "stolen", "result")


@dataclass(frozen=True)
class Promise:
    """A figure that the project wants to reach, and what this run measured.

    `limit` is what the bare echo reaches in place of us: where that is below what is wanted, the
    machine is the limit. `kept` informs the reader and decides nothing: a noisy machine may miss
    any of them.
    """

    work: str
    against: str
    wanted: str
    measured: str
    kept: bool | None  # None: not measured
    limit: str = ""

    def cells(self, stolen: str) -> Sequence[str]:
        verdict = {True: "reached", False: "**missed**", None: ""}[self.kept]
        return (self.work, self.against, self.wanted, self.measured, self.limit, stolen, verdict)


@dataclass(frozen=True)
class Section:
    """What a workload found; `bars` are what a chart shows of it, by product and transport.

    `stolen` is the share of the processors' time that a hypervisor took meanwhile.
    """

    name: str
    title: str
    note: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    promises: Sequence[Promise] = ()
    absent: Mapping[str, str] = field(default_factory=dict)  # who failed: why
    left_out: Mapping[str, str] = field(default_factory=dict)  # who was not asked: why
    unit: str = ""
    bars: Mapping[tuple[str, str], float] = field(default_factory=dict)
    stolen: float = 0.0


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], words: int = 2) -> str:
    """Columns as wide as their widest cell: first so many of words, to the left, then figures."""
    lines = [header, *rows]
    columns = [
        column(cells, is_words=index < words)
        for index, cells in enumerate(zip(*lines, strict=True))
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in zip(*columns, strict=True))


def column(cells: Sequence[str], *, is_words: bool) -> Sequence[str]:
    """A header and what is below it, with the ruler between them."""
    width = max(map(len, cells))
    ruler = "-" * width if is_words else "-" * (width - 1) + ":"
    aligned = [cell.ljust(width) if is_words else cell.rjust(width) for cell in cells]
    return [aligned[0], ruler, *aligned[1:]]


def render(section: Section, chart: str = "") -> str:
    """A section with its chart, if there is one, above its table."""
    parts = [f"## {section.title}", *filter(None, [section.note, chart])]
    if section.rows:
        parts.append(markdown_table(section.header, section.rows))
    if section.absent:
        parts.append("\n".join(f"* {who} FAILED: {why}" for who, why in section.absent.items()))
    if section.left_out:
        parts.append(
            "\n".join(f"* {who} is left out: {why}" for who, why in section.left_out.items())
        )
    return "\n\n".join(parts) + "\n"


def render_promises(sections: Iterable[Section]) -> str:
    """What was wanted of all the workloads together, or nothing if nothing could be compared."""
    rows = [
        promise.cells(f"{section.stolen:.0%}")
        for section in sections
        for promise in section.promises
    ]
    return f"## Wanted\n\n{markdown_table(WANTED_HEADER, rows)}\n" if rows else ""
