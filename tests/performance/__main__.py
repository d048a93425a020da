"""`python -m tests.performance`: everybody side by side, in one run, as Markdown.

Its figures belong to the machine and the hour: compare the ratios of one run, never the rates
of two. Nothing is asserted here; what must never regress is counted by `test_counts.py` in the
ordinary suite. A module named so is not imported again by the processes that are spawned: it would
cost each of them 0.1 s.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.performance import report
from tests.performance.measuring import Effort
from tests.performance.peers import Peer
from tests.performance.peers.dask import Dask
from tests.performance.peers.echo import Echo
from tests.performance.peers.pyro5 import Pyro
from tests.performance.peers.redis_asyncio import RedisAsyncio
from tests.performance.peers.redis_py import Redis
from tests.performance.peers.shared_state import SharedState
from tests.performance.peers.stdlib import StandardLibrary
from tests.performance.peers.uvloop_echo import UvloopEcho
from tests.performance.peers.valkey_glide import Glide, GlideAsync
from tests.performance.process import Processors
from tests.performance.table import Section, render, render_promises
from tests.performance.workloads import Workload, disturbed
from tests.performance.workloads.idle import IdleClients
from tests.performance.workloads.many_items import ManyItems
from tests.performance.workloads.operations import OPERATIONS
from tests.performance.workloads.parked import Parked

PEERS: Sequence[Peer] = (
    *(
        product(transport)
        for transport in ("TCP", "Unix")
        for product in (
            Echo,
            UvloopEcho,
            StandardLibrary,
            Redis,
            RedisAsyncio,
            Pyro,
            SharedState,
        )
    ),
    Glide(),
    GlideAsync(),
    Dask(),
)
WORKLOADS: Sequence[Workload] = (
    *OPERATIONS,
    *disturbed.WORKLOADS,
    Parked(),
    IdleClients(),
    ManyItems(),
)

ROUNDS = 5
SECONDS = 0.4
QUICK = Effort(rounds=2, seconds=0.2, is_quick=True)
DESCRIPTORS = 16_384
"""Open files for ten thousand clients in one process, with room; never above the hard limit."""

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "performance"


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    allow_many_descriptors()
    effort = QUICK if options.quick else Effort(ROUNDS, options.seconds)
    head = report.heading(PEERS, effort)
    print(head, flush=True)
    present = [peer for peer in PEERS if peer.missing() is None]
    sections: list[Section] = []
    for workload in WORKLOADS:
        if not options.only or workload.name in options.only:
            sections.append(measured(workload, present, effort))
            print(render(sections[-1]), flush=True)
    print(render_promises(sections), end="")
    if options.write:
        report.write(options.write, head, sections)


def measured(workload: Workload, peers: Sequence[Peer], effort: Effort) -> Section:
    """What a workload found; one that fails is told, and the others are measured."""
    begin = time.monotonic()
    processors = Processors()
    try:
        section = workload.measure(peers, effort)
    except Exception as error:  # noqa: BLE001  # ten minutes of others' figures are not lost
        failure = f"{type(error).__name__}: {error}"
        section = Section(workload.name, workload.name, "", (), (), absent={workload.name: failure})
    print(f"{workload.name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return dataclasses.replace(section, stolen=processors.stolen())


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="does it run? too short to believe a figure"
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"of one window; {ROUNDS} for each peer"
    )
    parser.add_argument(
        "--write",
        type=Path,
        nargs="?",
        const=FOLDER,
        metavar="FOLDER",
        help="write the report and its charts there too; needs matplotlib (default: %(const)s)",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="WORKLOAD",
        choices=[workload.name for workload in WORKLOADS],
        help="of: %(choices)s",
    )
    options = parser.parse_args(arguments)
    if options.write and importlib.util.find_spec("matplotlib") is None:
        parser.error("--write draws charts: pip install matplotlib")  # now, not after ten minutes
    return options


def allow_many_descriptors() -> None:
    """Server and client processes inherit the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


if __name__ == "__main__":
    main()
