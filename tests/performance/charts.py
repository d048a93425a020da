"""Results as charts (PNG): bars for each workload, and the rate by the number of clients.

matplotlib is needed only when a report is written, and imported only then.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.performance.table import Section

OURS = "shared-state"
COLOURS = {True: "#1f6feb", False: "#b0b7c0"}
"""Ours, and the others'."""

WIDTH_INCHES = 8.0
BAR_INCHES = 0.32
HEAD_INCHES = 1.1
DOTS_PER_INCH = 110


def draw_bars(section: Section, path: Path) -> None:
    """One bar for each peer, the longest on top."""
    ordered = sorted(section.bars.items(), key=lambda bar: bar[1])
    figure, axes = new_chart(HEAD_INCHES + BAR_INCHES * len(ordered))
    names = [name for name, _ in ordered]
    bars = axes.barh(
        names,
        [value for _, value in ordered],
        color=[COLOURS[name.startswith(OURS)] for name in names],
    )
    axes.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=8)
    axes.set_title(section.title, fontsize=11)
    axes.set_xlabel(section.unit)
    axes.margins(x=0.12)
    save(figure, path)


def draw_lines(title: str, unit: str, lines: Mapping[str, Mapping[int, float]], path: Path) -> None:
    """One line for each peer, over the number of clients."""
    figure, axes = new_chart(5.0)
    for name, points in lines.items():
        axes.plot(
            list(points),
            list(points.values()),
            marker="o",
            markersize=3,
            linewidth=2.5 if name.startswith(OURS) else 1,
            label=name,
        )
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted({number for points in lines.values() for number in points}))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_ylim(bottom=0)
    axes.set_title(title, fontsize=11)
    axes.set_xlabel("client processes")
    axes.set_ylabel(unit)
    axes.legend(fontsize=7)
    save(figure, path)


def new_chart(height_inches: float) -> tuple[Any, Any]:
    matplotlib = importlib.import_module("matplotlib")  # by name: the type checkers need it not
    matplotlib.use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    figure, axes = pyplot.subplots(figsize=(WIDTH_INCHES, height_inches))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return figure, axes


def save(figure: Any, path: Path) -> None:
    """Without the date and the version of matplotlib: the same results are the same file."""
    figure.savefig(path, dpi=DOTS_PER_INCH, bbox_inches="tight", metadata={"Software": None})
    importlib.import_module("matplotlib.pyplot").close(figure)
