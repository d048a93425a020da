"""Liveness: how both ends have the kernel notice a peer that is gone without a word.

Keepalive probes find a dead peer while nothing is sent, ``TCP_USER_TIMEOUT`` one that does not
acknowledge what was sent. No thread and no message of ours is needed.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PEER_TIMEOUT_S", "Probes", "probes"]

PEER_TIMEOUT_S = 15.0
"""After so many seconds of silence a peer is dead. Longer than a network's usual hiccups."""

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


def probes(timeout: float) -> Probes:
    """Return the plan that notices a dead peer within about `timeout` seconds, at the least 2."""
    interval = max(1, round(timeout / (PROBES + 2)))
    idle = max(1, round(timeout) - PROBES * interval)
    return Probes(idle, interval, PROBES, max(2000, round(timeout * 1000)))
