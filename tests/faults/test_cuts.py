"""Connections that break after any byte: each call takes effect once, whoever makes it.

See `rounds` for what happens in one, and `books` for what is audited. To play the round of a seed
again and again: ``SHARED_STATE_FAULT_SEED=217 pytest tests/faults/test_cuts.py``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from shared_state_server.settings import Settings

from ..fixtures.proxies import Kind, LoopThread
from ..fixtures.servers import ThreadServer
from .rounds import Arena, is_replay, replayable, seeds

BLOCK = 50
"""Rounds in one test: some seconds."""

STEADY, FORGETFUL = range(0, 350, BLOCK), range(1000, 1100, BLOCK)
"""The first seeds of all blocks."""

LONG_GRACE_S = 3600.0
"""No session ends, so that each call has to end with what it did."""

SHORT_GRACE_S = 0.004
"""Sessions end while their clients connect again, and some while they do not even know."""

BREAKS = [Kind.RESET, Kind.VANISH, Kind.LOSE, Kind.HOLD, Kind.END_REPLIES]


@pytest.fixture
def settings(grace: float) -> Settings:
    return Settings(port=0, authkey=secrets.token_hex(32).encode(), session_grace=grace)


@pytest.fixture
def arena(server: ThreadServer, network: LoopThread, kinds: list[Kind]) -> Iterator[Arena]:
    arena = Arena(server, network, kinds)
    yield arena
    arena.close()


@pytest.mark.parametrize("grace", [LONG_GRACE_S])
@pytest.mark.parametrize("kinds", [BREAKS])
@pytest.mark.parametrize("first", STEADY)
def test_each_call_takes_effect_once_wherever_its_connection_breaks(
    arena: Arena, first: int
) -> None:
    for seed in seeds(first, BLOCK):
        replayable(lambda seed: arena.play(seed, once=True), seed)
    assert is_replay() or arena.connections > 2 * BLOCK, "too little has broken"


@pytest.mark.parametrize("grace", [SHORT_GRACE_S])
@pytest.mark.parametrize("kinds", [[*BREAKS, Kind.CLOSE]])
@pytest.mark.parametrize("first", FORGETFUL)
def test_nothing_is_lost_when_sessions_end_while_their_clients_live(
    arena: Arena, first: int
) -> None:
    mysteries = [
        replayable(lambda seed: arena.play(seed, once=False), seed) for seed in seeds(first, BLOCK)
    ]
    assert is_replay() or sum(mysteries) > BLOCK, "too few sessions have ended"
