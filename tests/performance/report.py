"""The report of one run: the machine, who took part, what was wanted, and every table.

Written into a folder, it is a `README.md` with a chart above each table of rates.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from tests.performance.charts import draw_bars, draw_lines
from tests.performance.measuring import Effort
from tests.performance.peers import Peer
from tests.performance.table import Section, markdown_table, render, render_promises
from tests.performance.workloads.operations import SET_AND_GET, SET_GET

CPU_INFO = Path("/proc/cpuinfo")
BY_CLIENTS = "set-get-by-clients"
PROFILE = "profile.md"

METHOD = """\
Written by `tox -e performance` ({run}). The figures belong to the machine and the
hour: compare the ratios of one run, never the rates of two.

## The machine and the method

{machine}

* Servers and client processes run on this machine and share its cores. All peers of a table are up
  at the same time and take turns: {rounds} rounds, and in each a window of {seconds:g} s per peer;
  each round begins with another peer.
* A figure is the median of the rounds; a ratio is the median of the ratios within a round, with the
  rounds' extremes behind it.
* CPU is user and system time per operation, of all clients together and of the server, as the
  kernel counts it in nanoseconds. Latencies (median, p99) are of a call: a batch is one.
* `stolen` is the share of the processors' time that the machine's hypervisor gave to others while
  there was work for them here. It comes in pieces of milliseconds, so where it is more than a
  percent or two no percentile and no round trip is of the software alone.
* What is set and got is 4,096 keys of 11 letters in turn, with values of 16.
* `if all were the least` is the rate if every client did as much as the one that did least: far
  below the rate means that some clients starve.
* The bare echo is a Python client and server that do nothing but `send` and `recv` frames as long
  as those of shared-state's set and get: the limit of whoever sleeps until something comes.
  shared-state looks for a moment first, as long as that pays (`busy_poll`); the CPU that this takes
  is in its figures.
* shared-state over Unix is what users on the server's host get by themselves: its clients are told
  the TCP address and move to the Unix socket. For the others a Unix socket is configured.
* Everybody has what makes it fast: redis-py its hiredis, pipelines without MULTI, Pyro5 `marshal`;
  nothing is written to disk. shared-state and the standard library authenticate, the others do not.
"""
"""For those who have not read the code."""

WANTED_NOTE = """\
`bare echo` is what the echo reaches in the same run in the place of shared-state: with eight
clients, which leave nobody time to sleep, the limit of the machine, whatever the software does."""


def heading(peers: Sequence[Peer], effort: Effort) -> str:
    """The machine, the method, who takes part, and who is missing and why."""
    present = {peer.product: peer.version() for peer in peers if peer.missing() is None}
    missing = {peer.product: reason for peer in peers if (reason := peer.missing()) is not None}
    method = METHOD.format(
        run="quick, too short to believe a figure" if effort.is_quick else "a full run",
        machine=machine(),
        seconds=effort.seconds,
        rounds=effort.rounds,
    )
    over = {
        product: ", ".join(peer.transport for peer in peers if peer.product == product)
        for product in {**present, **missing}
    }
    rows = [
        *((product, over[product], version) for product, version in present.items()),
        *((product, over[product], f"MISSING: {reason}") for product, reason in missing.items()),
    ]
    table = markdown_table(("peer", "over", "version"), rows, words=3)
    return f"# Performance, side by side\n\n{method}\n{table}\n"


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
    parts = [head, wanted(folder, sections)]
    lines = by_clients(sections)
    if lines:
        draw_lines(SET_AND_GET, "operations/s", lines, folder / f"{BY_CLIENTS}.png")
        parts.append(
            f"## {SET_AND_GET}, by the number of clients\n\n{image(SET_AND_GET, BY_CLIENTS)}\n"
        )
    for section in sections:
        if section.bars:
            draw_bars(section, folder / f"{section.name}.png")
        parts.append(render(section, image(section.title, section.name) if section.bars else ""))
    text = "\n".join(part for part in parts if part)
    (folder / "README.md").write_text(text, encoding="utf-8")


def image(text: str, name: str) -> str:
    return f"![{text}]({name}.png)"


def wanted(folder: Path, sections: Sequence[Section]) -> str:
    """What was wanted, with the profile of what was missed if somebody has written one."""
    table = render_promises(sections)
    if not table:
        return ""
    profiled = (folder / PROFILE).exists()
    why = f" [Why, and how far]({PROFILE}) a figure is out of reach." if profiled else ""
    return f"{table}\n{WANTED_NOTE}{why}\n"


def by_clients(sections: Sequence[Section]) -> dict[tuple[str, str], dict[int, float]]:
    """Return each peer's rate of set and get by the number of its clients."""
    lines: dict[tuple[str, str], dict[int, float]] = {}
    for section in sections:
        workload = SET_GET.get(section.name)
        if workload is not None:
            for who, rate in section.bars.items():
                lines.setdefault(who, {})[workload.clients] = rate
    return lines
