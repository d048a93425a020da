"""Liveness: how both ends have the kernel notice a peer that is gone without a word.

Keepalive probes find a dead peer while nothing is sent, ``TCP_USER_TIMEOUT`` one that does not
acknowledge what was sent. No thread and no message of ours is needed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["MIN_PEER_TIMEOUT_S", "PEER_TIMEOUT_S", "Probes", "check_peer_timeout", "probes"]

PEER_TIMEOUT_S = 15.0
"""After so many seconds of silence a peer is dead. Longer than a network's usual hiccups."""

MIN_PEER_TIMEOUT_S = 2.0
"""Probes are counted in whole seconds; a shorter time would not be kept."""

PROBES = 3
"""Lost in a row before a peer is given up: one lost packet says nothing."""


class Probes(NamedTuple):
    """What to tell the kernel: when to probe, and after how much silence to give up."""

    idle_s: int
    interval_s: int
    lost: int
    user_timeout_ms: int

    def tcp_options(self) -> dict[str, int]:
        """Return the options of ``IPPROTO_TCP`` by their names in `socket`."""
        return {
            "TCP_KEEPIDLE": self.idle_s,
            "TCP_KEEPINTVL": self.interval_s,
            "TCP_KEEPCNT": self.lost,
            "TCP_USER_TIMEOUT": self.user_timeout_ms,
        }


def check_peer_timeout(seconds: float) -> float:
    """Return `seconds`, if the kernel can notice a dead peer after so many.

    Raises:
        ValueError: it cannot.
    """
    if not MIN_PEER_TIMEOUT_S <= seconds < math.inf:
        raise ValueError(f"peer_timeout is {seconds}: seconds, {MIN_PEER_TIMEOUT_S:g} or more")
    return seconds


def probes(timeout: float) -> Probes:
    """Return the plan that notices a dead peer within about `timeout` seconds."""
    interval = max(1, round(timeout / (PROBES + 2)))
    idle = max(1, round(timeout) - PROBES * interval)
    return Probes(idle, interval, PROBES, max(2000, round(timeout * 1000)))
