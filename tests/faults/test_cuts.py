"""Connections that break after any byte: each call takes effect once, whoever makes it.

See `rounds` for what happens in one, and `books` for what is audited. To play the round of a seed
again and again: ``SHARED_STATE_FAULT_SEED=417 pytest tests/faults/test_cuts.py``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from shared_state_server.settings import Settings

from ..fixtures.proxies import Kind, LoopThread
from ..fixtures.servers import ThreadServer
from .rounds import Arena, is_replay, replayable, seeds

STEADY_ROUNDS, FORGETFUL_ROUNDS = 350, 100

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
def test_each_call_takes_effect_once_wherever_its_connection_breaks(arena: Arena) -> None:
    for seed in seeds(0, STEADY_ROUNDS):
        replayable(lambda seed: arena.play(seed, once=True), seed)
    assert is_replay() or arena.connections > 2 * STEADY_ROUNDS, "too little has broken"


@pytest.mark.parametrize("grace", [SHORT_GRACE_S])
@pytest.mark.parametrize("kinds", [[*BREAKS, Kind.CLOSE]])
def test_nothing_is_lost_when_sessions_end_while_their_clients_live(arena: Arena) -> None:
    mysteries = [
        replayable(lambda seed: arena.play(seed, once=False), seed)
        for seed in seeds(STEADY_ROUNDS, FORGETFUL_ROUNDS)
    ]
    assert is_replay() or sum(mysteries) > FORGETFUL_ROUNDS, "too few sessions have ended"
