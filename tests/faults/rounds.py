"""Rounds: clients at work on the same objects while their connections break, and then the audit.

A round is made of its seed: who does what, which calls are cancelled, and after which byte which
connection breaks in which way. Threads and sockets have their own timing besides, so a seed that
failed once is played again `REPLAYS` times when it is asked for by `SEED_VARIABLE`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import shared_state

from ..fixtures.proxies import Fault, FaultProxy, Kind, LoopThread, Pace, Way
from ..fixtures.servers import ThreadServer
from .books import Books
from .members import AsyncMember, BlockingMember, open_objects

__all__ = ["Arena", "is_replay", "replayable", "seeds"]

T = TypeVar("T")

SEED_VARIABLE = "SHARED_STATE_FAULT_SEED"
REPLAYS = 50

STEPS = 6
"""Calls of a blocking member in a round."""

TASKS, MANY_TASKS, MANY_EVERY = 12, 250, 25
"""Calls under way at once in an async member; in one round of so many there are many."""

FAULTS_AT_MOST = 3
"""Of one connection in a round, each after another; then it holds."""

PACES = [Pace(), Pace(), Pace(piece=5), Pace(delay=0.001)]

LAST_BYTE = {Way.REQUESTS: 700, Way.REPLIES: 250}
"""About what a member sends and receives in a round; a handshake is half of it."""


def is_replay() -> bool:
    """Return whether one seed was asked for: then it may be one in which nothing much happens."""
    return SEED_VARIABLE in os.environ


def seeds(first: int, count: int) -> Iterable[int]:
    """Return so many seeds; if one is asked for, that one again and again, if it is among them."""
    among = range(first, first + count)
    if not is_replay():
        return among
    asked = int(os.environ[SEED_VARIABLE])
    return [asked] * REPLAYS if asked in among else []


def replayable(play: Callable[[int], T], seed: int) -> T:
    """Return what the round of `seed` comes to; if it fails, say how to play it again."""
    try:
        return play(seed)
    except BaseException as error:
        raise AssertionError(f"play it again with {SEED_VARIABLE}={seed}") from error


class Arena:
    """Two blocking and two async clients, each with a fault proxy between it and the server."""

    def __init__(self, server: ThreadServer, network: LoopThread, kinds: list[Kind]) -> None:
        self._kinds = kinds
        self._auditor = server.connect()
        self._tasks = LoopThread("tasks")
        self._threads = [ThreadPoolExecutor(1) for _ in range(2)]
        self._proxies = [FaultProxy(server.address, network) for _ in range(4)]
        first, second, third, fourth = (proxy.address for proxy in self._proxies)
        options: Any = {"authkey": server.settings.authkey, "same_host": False}
        self._blocking = [
            BlockingMember(thread.submit(shared_state.connect, address, **options).result())
            for thread, address in zip(self._threads, (first, second), strict=True)
        ]
        self._awaiting = [
            AsyncMember(self._tasks.run(_connect(address, options))) for address in (third, fourth)
        ]

    def play(self, seed: int, *, once: bool) -> int:
        """Play one round and audit it; see `Books` for `once`.

        Returns how many calls have ended without a word.
        """
        books, chance = Books(f"round {seed}", once=once), random.Random(seed)
        open_objects(self._auditor, books)
        for proxy in self._proxies:
            proxy.pace = chance.choice(PACES)
            proxy.meet(self._plan(chance))
        at_work = [
            thread.submit(member.work, books, f"{seed} {index}", STEPS)
            for index, (thread, member) in enumerate(
                zip(self._threads, self._blocking, strict=True)
            )
        ]
        tasks = MANY_TASKS if seed % MANY_EVERY == 0 else TASKS
        at_work += [
            self._tasks.begin(member.work(books, f"{seed} {index}", tasks))
            for index, member in enumerate(self._awaiting, len(at_work))
        ]
        for work in at_work:
            work.result()
        books.audit(self._auditor)
        return books.mysteries

    @property
    def connections(self) -> int:
        """How many there have been, of those who are at work."""
        return sum(proxy.connections for proxy in self._proxies)

    def _plan(self, chance: random.Random) -> list[Fault]:
        return [self._fault(chance) for _ in range(chance.randint(0, FAULTS_AT_MOST))]

    def _fault(self, chance: random.Random) -> Fault:
        way = chance.choice(list(Way))
        return Fault(chance.choice(self._kinds), way, chance.randrange(LAST_BYTE[way]))

    def close(self) -> None:
        """Close all clients and proxies."""
        for proxy in self._proxies:
            proxy.meet([])
        for member in self._awaiting:
            self._tasks.run(member.client.close())
        for thread, blocking in zip(self._threads, self._blocking, strict=True):
            thread.submit(blocking.client.close).result()
            thread.shutdown()
        self._auditor.close()
        self._tasks.stop()
        for proxy in self._proxies:
            proxy.close()


async def _connect(address: tuple[str, int], options: Any) -> shared_state.AsyncClient:
    return await shared_state.connect_async(address, **options)
