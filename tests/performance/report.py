"""The report of one run: the machine, who took part, what was wanted, and every table.

Written into a folder, it is a `README.md` with a chart beside each table of rates.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from tests.performance.charts import draw_bars, draw_lines
from tests.performance.measuring import Effort
from tests.performance.peers import Peer
from tests.performance.table import Section, render, render_promises
from tests.performance.workloads import set_get

CPU_INFO = Path("/proc/cpuinfo")
BY_CLIENTS = "set-get-by-clients"


def heading(peers: Sequence[Peer], effort: Effort) -> str:
    """The machine, who takes part, and who is missing and why."""
    present = {peer.product: peer.version() for peer in peers if peer.missing() is None}
    missing = {peer.product: reason for peer in peers if (reason := peer.missing()) is not None}
    lines = [
        "# Performance, side by side",
        "",
        "Written by `tox -e performance`. The figures belong to the machine and the hour: compare "
        "the ratios of one run, never the rates of two.",
        "",
        machine(),
        "",
        f"Medians of {effort.rounds} interleaved rounds of {effort.seconds:g} s.",
        "",
        *(f"* {product}: {version}" for product, version in present.items()),
        *(f"* {product}: MISSING, {reason}" for product, reason in missing.items()),
    ]
    return "\n".join(lines) + "\n"


def machine() -> str:
    busy = ", ".join(f"{load:.2f}" for load in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({processor()}), "
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.release()}, load before the run {busy}."
    )


def processor() -> str:
    """The name of the processor, where the system tells it."""
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.machine()


def write(folder: Path, head: str, sections: Sequence[Section]) -> None:
    """Write the report and its charts into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [head, render_promises(sections)]
    lines = by_clients(sections)
    if lines:
        draw_lines(set_get.TITLE, "operations/s", lines, folder / f"{BY_CLIENTS}.png")
        parts.append(f"![{set_get.TITLE}, by the number of clients]({BY_CLIENTS}.png)\n")
    for section in sections:
        parts.append(render(section))
        if section.bars:
            draw_bars(section, folder / f"{section.name}.png")
            parts.append(f"![{section.title}]({section.name}.png)\n")
    text = "\n".join(part for part in parts if part)
    (folder / "README.md").write_text(text, encoding="utf-8")


def by_clients(sections: Sequence[Section]) -> dict[str, dict[int, float]]:
    """Return each peer's rate of set and get by the number of its clients."""
    clients_of = {workload.name: clients for clients, workload in set_get.WORKLOADS.items()}
    lines: dict[str, dict[int, float]] = {}
    for section in sections:
        if section.name in clients_of:
            for name, rate in section.bars.items():
                lines.setdefault(name, {})[clients_of[section.name]] = rate
    return lines
