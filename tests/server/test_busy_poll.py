"""A loop stays awake while requests follow each other, and no longer."""

from __future__ import annotations

import asyncio
import multiprocessing.managers as stdlib
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.managers import BaseManager
from typing import Any

import pytest

from shared_state_protocol.backoff import LONGEST_S, SHORTEST_S
from shared_state_server import listener
from shared_state_server.busy_poll import SPELL_WINDOWS, WORTH, BusyPoll
from shared_state_server.settings import Settings
from shared_state_server.stdlib.office import Office
from tests.fixtures.servers import ThreadServer

WINDOW_S = 0.0002
TURN_S = 0.00001
TURNS_OF_A_WINDOW = round(WINDOW_S / TURN_S)
TURNS_OF_A_SPELL = SPELL_WINDOWS * TURNS_OF_A_WINDOW


class Loop:
    """As much of a loop as is used, on two clocks. `share` of the time is the loop's own.

    Another thread has its place each time, unless `is_switched` is false.
    """

    def __init__(self, window: float = WINDOW_S) -> None:
        self.now = self.worked = 0.0
        self.share = 1.0
        self.is_switched = True
        self.switches = 0
        self._ready: deque[Callable[[], Any]] = deque()
        self.poll = BusyPoll(self, window, lambda: self.now, self.usage)  # type: ignore[arg-type]  # of whatever can call soon

    def call_soon(self, callback: Callable[[], Any]) -> None:
        self._ready.append(callback)

    def usage(self) -> tuple[float, int]:
        return self.worked, self.switches

    @property
    def is_awake(self) -> bool:
        return bool(self._ready)

    def turn(self, seconds: float = TURN_S) -> None:
        """Let so much time pass, and then do what was to be done soon."""
        self.now += seconds
        self.worked += seconds * self.share
        self.switches += self.is_switched
        for _ in range(len(self._ready)):
            self._ready.popleft()()

    def turns_until_asleep(self) -> int:
        turns = 0
        while self.is_awake:
            self.turn()
            turns += 1
        return turns

    def hear(self, requests: int) -> None:
        """Hear so many requests, one in each turn."""
        for _ in range(requests):
            self.poll.heard()
            self.turn()

    def rest(self) -> float:
        """Return for how long requests do not keep the loop awake from now on."""
        assert not self.is_awake
        slept = self.now
        while True:
            self.poll.heard()
            if self.is_awake:
                return self.now - slept
            self.turn()
            assert self.now - slept < 2 * LONGEST_S


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_nothing_is_awake_before_a_request_has_come(loop: Loop) -> None:
    assert not loop.is_awake


def test_after_a_request_the_loop_is_awake_for_the_window_and_then_sleeps(loop: Loop) -> None:
    loop.poll.heard()
    assert loop.is_awake
    assert loop.turns_until_asleep() == pytest.approx(TURNS_OF_A_WINDOW, abs=1.5)


def test_each_request_begins_the_window_anew(loop: Loop) -> None:
    loop.hear(10 * TURNS_OF_A_SPELL)
    assert loop.is_awake
    assert loop.turns_until_asleep() == pytest.approx(TURNS_OF_A_WINDOW, abs=1.5)


def test_many_requests_in_one_turn_are_one_look(loop: Loop) -> None:
    for _ in range(5):
        loop.poll.heard()
    loop.turn()
    assert len(loop._ready) == 1


def test_too_few_requests_are_no_reason_to_stay_awake_after_the_next_ones(loop: Loop) -> None:
    loop.hear(WORTH)  # of which the first began the spell
    loop.turns_until_asleep()
    assert loop.rest() == pytest.approx(4 * SHORTEST_S, abs=2 * TURN_S)
    loop.turns_until_asleep()
    assert loop.rest() == pytest.approx(16 * SHORTEST_S, abs=2 * TURN_S)


def test_after_enough_requests_the_next_one_keeps_the_loop_awake(loop: Loop) -> None:
    loop.hear(2 * WORTH)  # all at the beginning of a window
    loop.turns_until_asleep()
    assert loop.rest() == 0


@pytest.mark.parametrize(("share", "goes_on"), [(0.8, True), (1.2, False)])
def test_the_loop_stays_awake_for_so_many_requests_on_average(share: float, goes_on: bool) -> None:
    loop = Loop()
    in_vain = round(share * TURNS_OF_A_WINDOW / WORTH)
    loop.poll.heard()
    for turn in range(3 * TURNS_OF_A_SPELL):
        if loop.is_awake and turn % (1 + in_vain) == 0:
            loop.poll.heard()
        loop.turn()
    assert loop.is_awake is goes_on


def test_work_is_not_time_of_looking_in_vain(loop: Loop) -> None:
    loop.poll.heard()
    for _ in range(10 * WORTH):
        loop.poll.heard()
        loop.turn(WINDOW_S)
    assert loop.is_awake


@pytest.mark.parametrize(
    ("share", "is_switched", "goes_on"),
    [(1.0, True, True), (0.8, True, True), (0.7, True, False), (0.7, False, True)],
)
def test_a_loop_that_is_in_the_way_of_others_sleeps(
    share: float, is_switched: bool, goes_on: bool
) -> None:
    loop = Loop()
    loop.share, loop.is_switched = share, is_switched
    loop.hear(1)
    for _ in range(2 * TURNS_OF_A_SPELL):
        if loop.is_awake:
            loop.hear(1)
    assert loop.is_awake is goes_on
    if not goes_on:
        assert loop.rest() == pytest.approx(4 * SHORTEST_S, abs=2 * TURN_S)


def test_a_loop_that_was_in_the_way_once_is_awake_again_soon(loop: Loop) -> None:
    loop.hear(4 * TURNS_OF_A_SPELL)
    loop.share = 0.1
    while loop.is_awake:
        loop.hear(1)
    loop.share = 1.0
    assert loop.rest() == pytest.approx(4 * SHORTEST_S, abs=2 * TURN_S)


def test_a_window_of_nothing_never_keeps_a_loop_awake() -> None:
    loop = Loop(window=0.0)
    loop.hear(100)
    assert not loop.is_awake


@pytest.mark.usefixtures("each_loop")
def test_real_loops_turn_until_the_end_of_the_window_and_no_further() -> None:
    turns = 0

    def clock() -> float:
        nonlocal turns
        turns += 1
        return turns / 1000

    loop = listener._new_event_loop()
    try:
        poll = BusyPoll(loop, 0.1, clock, lambda: (0.0, 0))
        loop.call_soon(poll.heard)
        while turns <= 100:
            loop.run_until_complete(asyncio.sleep(0))
        while_awake = turns
        for _ in range(5):
            loop.run_until_complete(asyncio.sleep(0))
        assert turns == while_awake
    finally:
        loop.close()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For every time that requests were heard, the window of who heard them."""
    windows: list[float] = []
    monkeypatch.setattr(BusyPoll, "heard", lambda self: windows.append(self._window))
    return windows


class BothDoors(ThreadServer):
    """A server that lets in clients of the standard library, too."""

    def _run(self) -> None:
        office = Office({}, self.settings.authkey, ())
        listener.run(self.settings, sock=self._sock, ready=self._ready, office=office)


class Theirs(BaseManager):
    """A client of the standard library."""


Theirs.register("numbers", proxytype=stdlib.DictProxy)


@pytest.mark.parametrize("is_theirs", [False, True])
def test_requests_of_every_client_are_heard(
    settings: Settings, heard: list[float], is_theirs: bool
) -> None:
    server = BothDoors(replace(settings, busy_poll=0.125, share=(("numbers", "dict"),))).start()
    with server.connect() as client:
        numbers: Any = client.dict("numbers")
        if is_theirs:
            manager = Theirs(address=server.address, authkey=server.settings.authkey)
            manager.connect()
            numbers = manager.numbers()  # type: ignore[attr-defined]  # registered above
        heard.clear()
        numbers["a"] = 1
        assert numbers["a"] == 1
        assert len(heard) >= 2
        assert set(heard) == {0.125}
    server.stop()
