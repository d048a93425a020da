"""`python tests/performance/run.py`: everybody side by side, in one run, as Markdown.

Its figures belong to the machine and the hour: compare the ratios of one run, never the rates
of two. Nothing is asserted here; what must never regress is counted by `test_counts.py` in the
ordinary suite.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for a script, as -m would do

from tests.performance.measuring import Effort
from tests.performance.peers import Peer
from tests.performance.peers.echo import Echo
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.peers.stdlib import StandardLibrary
from tests.performance.table import render, render_promises
from tests.performance.workloads import Workload
from tests.performance.workloads.batch import BATCH
from tests.performance.workloads.idle import IdleClients
from tests.performance.workloads.set_get import WORKLOADS as SET_GET

PEERS: Sequence[Peer] = tuple(
    product(transport)
    for transport in ("TCP", "Unix")
    for product in (Echo, StandardLibrary, Redis, SharedState)
)
WORKLOADS: Sequence[Workload] = (*SET_GET, BATCH, IdleClients())

ROUNDS = 5
SECONDS = 1.0
QUICK = Effort(rounds=2, seconds=0.2)
DESCRIPTORS = 16_384
"""Open files for a thousand clients in one process, with room; never above the hard limit."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    allow_many_descriptors()
    effort = QUICK if options.quick else Effort(ROUNDS, options.seconds)
    present = [peer for peer in PEERS if peer.missing() is None]
    parts = [heading(present, effort)]
    print(parts[0], flush=True)
    sections = []
    for workload in WORKLOADS:
        if options.only and workload.name not in options.only:
            continue
        sections.append(workload.measure(present, effort))
        parts.append(render(sections[-1]))
        print(parts[-1], flush=True)
    parts.append(render_promises(sections))
    print(parts[-1], end="")
    if options.markdown:
        options.markdown.write_text("\n".join(parts), encoding="utf-8")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="does it run? too short to believe a figure"
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"of one window; {ROUNDS} for each peer"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report here too")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="WORKLOAD",
        choices=[workload.name for workload in WORKLOADS],
        help="of: %(choices)s",
    )
    return parser.parse_args(arguments)


def allow_many_descriptors() -> None:
    """Server and client processes inherit the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def heading(present: Sequence[Peer], effort: Effort) -> str:
    """The machine, who takes part, and who is missing and why."""
    versions = {peer.product: peer.version() for peer in present}
    missing = {peer.product: peer.missing() for peer in PEERS if peer not in present}
    lines = [
        "# Performance, side by side",
        "",
        machine(),
        "",
        f"Medians of {effort.rounds} interleaved rounds of {effort.seconds:g} s.",
        "",
        *(f"* {product}: {version}" for product, version in versions.items()),
        *(f"* {product}: MISSING, {reason}" for product, reason in missing.items()),
    ]
    return "\n".join(lines) + "\n"


def machine() -> str:
    busy = ", ".join(f"{load:.2f}" for load in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), "
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{platform.system()} {platform.release()}, load before the run {busy}"
    )


if __name__ == "__main__":
    main()
