"""File descriptors: one for each connection, of which a shell allows a thousand and a system more.

A server that runs out of them refuses clients although it has the memory for ten times as many. A
process may raise its own limit up to the system's; whoever owns the process says so (the command
line does; a server inside somebody's program leaves the program's limit alone).
"""

from __future__ import annotations

import logging
import resource
import sys

__all__ = ["SPARE", "allow_connections"]

SPARE = 64
"""Descriptors that are no client's: the doors, the log, the event loop, what Python has open."""

log = logging.getLogger(__name__)


def allow_connections(wanted: int) -> int:
    """Raise this process's limit so that it can have `wanted` connections; return how many it can.

    A line in the log says so if the system does not allow as many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(_number(soft), min(wanted + SPARE, _number(hard)))
    if limit > _number(soft):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    possible = min(wanted, limit - SPARE)
    if possible < wanted:
        log.warning("room for %d connections, not %d: see `ulimit -Hn`", possible, wanted)
    return possible


def _number(limit: int) -> int:
    """Return a limit as a number to compare with: no limit is written as -1."""
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
