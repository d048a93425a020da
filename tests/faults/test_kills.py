"""Processes that are killed, or stopped, after any byte, while others work on the same objects.

To play the round of a seed again and again:
``SHARED_STATE_FAULT_SEED=2017 pytest tests/faults/test_kills.py``.
"""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from shared_state_server.settings import Settings

from ..fixtures.proxies import Fault, FaultProxy, Kind, LoopThread, Way
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until
from .books import Books
from .members import BlockingMember, open_objects
from .rounds import is_replay, replayable, seeds
from .victims import Victim

KILLS, STOPS = 50, 20
FIRST_KILL, FIRST_STOP = 2000, 3000

GRACE_S = 0.02
"""A process that is killed before it has read a reply seems to have lost its connection."""

STEPS = 8
LAST_BYTE = {Way.REQUESTS: 800, Way.REPLIES: 300}
"""Less than most victims send, or receive, from the handshake to their end."""


@pytest.fixture
def settings(grace: float) -> Settings:
    return Settings(port=0, authkey=secrets.token_hex(32).encode(), session_grace=grace)


@pytest.fixture
def proxy(server: ThreadServer, network: LoopThread) -> Iterator[FaultProxy]:
    proxy = FaultProxy(server.address, network)
    yield proxy
    proxy.close()


class Aim:
    """Sends a signal to a process as soon as both are there: the process and the moment."""

    def __init__(self, number: signal.Signals) -> None:
        self.has_struck = False
        self._number = number
        self._pid = 0
        self._is_set = threading.Event()

    def at(self, pid: int) -> None:
        """Say which process it is."""
        self._pid = pid
        self._is_set.set()

    def strike(self) -> None:
        """Send the signal."""
        assert self._is_set.wait(LONG_S)
        self.has_struck = True
        self.send(self._number)

    def send(self, number: signal.Signals) -> None:
        """Send another signal."""
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.kill(self._pid, number)


def play(
    server: ThreadServer, proxy: FaultProxy, seed: int, number: signal.Signals, *, once: bool
) -> bool:
    """Play one round and return whether the signal came before the victim's end."""
    books, chance, aim = Books(f"round {seed}", once=once), random.Random(seed), Aim(number)
    proxy.struck = aim.strike
    proxy.meet([])
    way = chance.choice(list(Way))
    proxy.meet_next(Fault(Kind.TELL, way, chance.randrange(LAST_BYTE[way])))
    with server.connect() as state:
        open_objects(state, books)
        key, gets = server.settings.authkey, bool(seed % 2)
        victim = Victim(proxy.address, key, books, f"{seed} victim", gets=gets)
        aim.at(victim.process.pid or 0)
        BlockingMember(state).work(books, f"{seed} survivor", STEPS)
        until(lambda: aim.has_struck or not victim.process.is_alive())
        BlockingMember(state).work(books, f"{seed} survivor again", STEPS)
        aim.send(signal.SIGCONT)
        victim.bury(LONG_S)
        until(lambda: server.look(lambda service: len(service.sessions)) == 1)
        books.audit(state)
    return aim.has_struck


def play_all(round_: Callable[[int], bool], first: int, count: int) -> None:
    struck = [replayable(round_, seed) for seed in seeds(first, count)]
    assert is_replay() or sum(struck) > count / 2, (
        "most victims have ended before they were aimed at"
    )


@pytest.mark.parametrize("grace", [GRACE_S])
def test_a_process_that_is_killed_takes_nothing_along(
    server: ThreadServer, proxy: FaultProxy
) -> None:
    play_all(lambda seed: play(server, proxy, seed, signal.SIGKILL, once=True), FIRST_KILL, KILLS)


@pytest.mark.parametrize("grace", [3600.0])
def test_a_process_that_is_stopped_goes_on_where_it_was(
    server: ThreadServer, proxy: FaultProxy
) -> None:
    play_all(lambda seed: play(server, proxy, seed, signal.SIGSTOP, once=True), FIRST_STOP, STOPS)
