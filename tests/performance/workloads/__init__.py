"""What we compare: a workload brings peers up, measures them and tells what it found.

The order is that of the report. A workload that is a rate of operations is a `Rate` with its
own numbers; one of another kind (memory, threads) is a class with the same `measure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tests.performance.measuring import Effort
from tests.performance.peers import Peer
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
