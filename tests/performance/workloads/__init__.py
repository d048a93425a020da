"""What we compare: a workload brings peers up, measures them and tells what it found.

The order is that of the report. A workload that is a rate of operations is a `Rate` with its
own numbers; one of another kind (memory, threads) is a class with the same `measure`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from tests.performance.measuring import Effort
from tests.performance.peers import Peer, full_name
from tests.performance.table import Section


class Workload(Protocol):
    """Something that servers and clients are asked to do."""

    @property
    def name(self) -> str:
        """What `--only` calls it."""
        ...

    def measure(self, peers: Sequence[Peer], effort: Effort) -> Section:
        """Have every peer that can do it do it."""
        ...


P = TypeVar("P", bound=Peer)
T = TypeVar("T")


def of_each(peers: Iterable[P], find: Callable[[P], T]) -> tuple[dict[P, T], dict[str, str]]:
    """Return what is found of each peer, and of whom nothing is and why."""
    found: dict[P, T] = {}
    absent: dict[str, str] = {}
    for peer in peers:
        try:
            found[peer] = find(peer)
        except Exception as error:  # noqa: BLE001  # it is told; the others are measured
            absent[full_name(peer)] = f"{type(error).__name__}: {error}"
    return found, absent
