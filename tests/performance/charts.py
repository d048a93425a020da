"""Results as charts (PNG): bars for each workload, and the rate by the number of clients.

One half for each transport, a colour for each product that is the same in all charts, ours the
strongest. The ground is white and not transparent, so that the letters can be read on a dark page.
matplotlib is needed only when a report is written, and imported only then.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.performance.table import Section

OURS = "shared-state"
COLOURS = {
    "shared-state": "#0b5fd6",
    "bare socket echo": "#4d5560",
    "bare uvloop echo": "#8b95a1",
    "multiprocessing.managers": "#e0a030",
    "redis-py": "#c8503c",
    "redis.asyncio": "#e08f80",
    "valkey-glide": "#2f9e8f",
    "valkey-glide, async": "#86c9bf",
    "Pyro5": "#8a63b8",
    "Dask distributed": "#b58863",
}
OTHER_COLOUR = "#c0c0c0"
TRANSPORTS = {"TCP": "over TCP", "Unix": "over a Unix socket"}

WIDTH_INCHES = 8.0
BAR_INCHES = 0.26
HEAD_INCHES = 1.2
LINES_INCHES = 4.2
LABEL_ROOM = 0.14
"""Of the axis, to the right of the longest bar, for its figure."""
DOTS_PER_INCH = 100

Who = tuple[str, str]
"""Product and transport."""


def draw_bars(section: Section, path: Path) -> None:
    """One bar for each peer, the longest on top, grouped by transport."""
    groups = [
        sorted((value, product) for (product, over), value in section.bars.items() if over == each)
        for each in transports(section.bars)
    ]
    height = HEAD_INCHES + sum(BAR_INCHES * (len(group) + 1) for group in groups)
    figure, all_axes = new_chart(
        height, len(groups), 1, sharex=True, height_ratios=[len(group) + 0.5 for group in groups]
    )
    for axes, group, transport in zip(all_axes, groups, transports(section.bars), strict=True):
        names = [product for _, product in group]
        bars = axes.barh(
            names, [value for value, _ in group], color=[colour(name) for name in names], height=0.7
        )
        axes.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=8)
        axes.set_title(TRANSPORTS[transport], fontsize=9, loc="left")
        axes.margins(x=LABEL_ROOM, y=0.02)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        embolden(axes.get_yticklabels())
    all_axes[-1].set_xlabel(section.unit, fontsize=8)
    save(figure, section.title, path)


def draw_lines(title: str, unit: str, lines: Mapping[Who, Mapping[int, float]], path: Path) -> None:
    """One line for each peer, over the number of clients, a panel for each transport."""
    figure, all_axes = new_chart(LINES_INCHES, 1, len(transports(lines)), sharey=True)
    handles: dict[str, Any] = {}
    for axes, transport in zip(all_axes, transports(lines), strict=True):
        for (product, over), points in lines.items():
            if over == transport:
                (handles[product],) = axes.plot(
                    list(points),
                    list(points.values()),
                    color=colour(product),
                    marker="o",
                    markersize=4 if product == OURS else 2.5,
                    linewidth=3 if product == OURS else 1.3,
                    zorder=3 if product == OURS else 2,
                )
        axes.set_title(TRANSPORTS[transport], fontsize=9, loc="left")
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted({number for points in lines.values() for number in points}))
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.grid(axis="y", linewidth=0.4)
        axes.set_xlabel("client processes", fontsize=8)
    all_axes[0].set_ylim(bottom=0)  # when all lines are there, or it would be the first panel's
    all_axes[0].set_ylabel(unit, fontsize=8)
    legend = figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside lower center",
        ncols=4,
        fontsize=8,
        frameon=False,
    )
    embolden(legend.get_texts())
    save(figure, title, path)


def transports(by_peer: Mapping[Who, object]) -> Sequence[str]:
    present = {transport for _, transport in by_peer}
    return [transport for transport in TRANSPORTS if transport in present]


def colour(product: str) -> str:
    return COLOURS.get(product, OTHER_COLOUR)


def embolden(labels: Sequence[Any]) -> None:
    for label in labels:
        if label.get_text() == OURS:
            label.set_fontweight("bold")


def new_chart(height: float, rows: int, columns: int, **options: Any) -> tuple[Any, Sequence[Any]]:
    matplotlib = importlib.import_module("matplotlib")  # by name: the type checkers need it not
    matplotlib.use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    figure, grid = pyplot.subplots(
        rows,
        columns,
        figsize=(WIDTH_INCHES, height),
        squeeze=False,
        layout="constrained",
        **options,
    )
    all_axes = list(grid.flat)
    for axes in all_axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    return figure, all_axes


def save(figure: Any, title: str, path: Path) -> None:
    """Without the date and the version of matplotlib: the same results are the same file."""
    figure.suptitle(title, fontsize=11, fontweight="bold")
    figure.savefig(path, dpi=DOTS_PER_INCH, facecolor="white", metadata={"Software": None})
    importlib.import_module("matplotlib.pyplot").close(figure)
