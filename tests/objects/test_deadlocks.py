"""Deadlocks through both clients: who closes a ring of locks is told which, and nobody else is."""

from __future__ import annotations

import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import DeadlockError

from ..fixtures.agents import Agents
from ..fixtures.clients import Either
from ..fixtures.simulation import FOREVER, Peer, Simulation
from ..fixtures.watching import LONG_S, until, waiting

FIRST, SECOND = 1, 2
"""Agents of one process."""


@pytest.mark.parametrize("kind", ["lock", "rlock"])
def test_who_closes_a_ring_is_refused_and_the_others_go_on(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor, kind: str
) -> None:
    one, two = agents(2)
    of_one = [getattr(one, kind)(name) for name in ("a", "b")]
    of_two = [getattr(two, kind)(name) for name in ("a", "b")]
    of_one[0].acquire()
    of_two[1].acquire()
    patient = threads.submit(of_one[1].acquire)
    until(lambda: waiting(other, "b") == 1)
    with pytest.raises(DeadlockError) as caught:
        of_two[0].acquire()
    of_two[1].release()
    assert patient.result(LONG_S) is True
    where = rf"held by {re.escape(socket.gethostname())} pid {os.getpid()} .+ for \d+\.\d s"
    assert re.fullmatch(
        rf"a ring of 2 locks: 'a', {where}, which waits for 'b', {where}, which is the caller",
        str(caught.value),
    )


def test_a_wait_with_a_timeout_ends_by_itself(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    one, two = agents(2)
    one.lock("a").acquire()
    two.lock("b").acquire()
    patient = threads.submit(one.lock("b").acquire)
    until(lambda: waiting(other, "b") == 1)
    assert two.lock("a").acquire(timeout=0.02) is False
    two.lock("b").release()
    assert patient.result(LONG_S) is True


def test_who_waits_for_its_own_lock_may_mean_to(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    """As the standard library allows: it waits for somebody else to release it."""
    (one,) = agents(1)
    one.lock("a").acquire()
    again = threads.submit(one.lock("a").acquire)
    until(lambda: waiting(other, "a") == 1)
    other.lock("a").release()
    assert again.result(LONG_S) is True


def test_edits_of_each_others_places_are_a_ring(
    either: Either, client: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    mine, theirs = client.dict("a"), client.dict("b")
    mine["key"] = theirs["key"] = 0
    mine.hold("key")
    holding = threads.submit(lambda: (theirs.hold("key"), mine.hold("key"))[1])
    until(lambda: waiting(either, "a") == 1)
    with pytest.raises(DeadlockError, match="'an edit'"):
        theirs.hold("key")
    mine.let_go("key")
    assert holding.result(LONG_S) is True


# On virtual time


def take(peer: Peer, name: str, agent: int = FIRST, timeout: float | None = None) -> int:
    return peer.ask("lock.acquire", name, True, timeout, agent)


@pytest.fixture
def peers(simulation: Simulation) -> list[Peer]:
    """Processes, each of which holds the lock of its number."""
    made = [simulation.peer("lock.open", str(number)) for number in range(4)]
    for number, peer in enumerate(made):
        assert peer.holds(take(peer, str(number)))
    return made


def refused(peer: Peer, number: int) -> bool:
    """Return whether a request was refused as a deadlock; not, if it waits."""
    if number not in peer.replies:
        return False
    with pytest.raises(DeadlockError):
        peer.outcome(number)
    return True


def test_a_ring_of_many_machines_is_one(peers: list[Peer]) -> None:
    for number, peer in enumerate(peers[:3]):
        assert not refused(peer, take(peer, str(number + 1)))
    with pytest.raises(DeadlockError) as caught:
        peers[3].outcome(take(peers[3], "0"))
    words = re.findall(r"'(\d)', held by simulated pid (\d)", str(caught.value))
    assert words == [("0", "1"), ("1", "2"), ("2", "3"), ("3", "4")]


def test_a_chain_is_no_ring(peers: list[Peer]) -> None:
    for number in (2, 1, 0):
        assert not refused(peers[number], take(peers[number], str(number + 1)))
    peers[3].call("lock.release", "3")
    assert "2" in {name for name in "0123" if peers[0].call("lock.owner", name)[1] == 3}


def test_another_thread_of_a_holder_closes_no_ring(peers: list[Peer]) -> None:
    one, two = peers[:2]
    take(one, "1")
    assert not refused(two, take(two, "0", SECOND))
    thread = two.thread(2)
    assert not refused(thread, take(thread, "0", FIRST))
    assert refused(two, take(two, "0", FIRST))


def test_a_ring_with_a_timeout_in_it_comes_apart(simulation: Simulation, peers: list[Peer]) -> None:
    one, two = peers[:2]
    number = take(one, "1", timeout=5.0)
    waits = take(two, "0")
    assert not refused(two, waits)
    simulation.pass_time(5.0)
    assert one.outcome(number) is None
    one.call("lock.release", "0")
    assert two.holds(waits)


def test_who_waits_no_more_is_in_no_ring(simulation: Simulation, peers: list[Peer]) -> None:
    one, two, three, _ = peers
    one.cancel(take(one, "1"))
    waits = take(two, "0")
    assert not refused(two, waits)
    two.cancel(waits)
    three.lose()
    assert not refused(one, take(one, "2"))
    three = three.connect_again()
    assert refused(three, take(three, "0"))


def test_who_was_granted_its_lock_waits_no_more(peers: list[Peer]) -> None:
    one, two = peers[:2]
    waits = take(one, "1")
    two.call("lock.release", "1")
    assert one.holds(waits)
    assert not refused(two, take(two, "0"))


def test_locks_of_both_kinds_are_in_one_ring(simulation: Simulation) -> None:
    one, two = simulation.peer("lock.open", "a"), simulation.peer("rlock.open", "b")
    take(one, "a")
    two.call("rlock.acquire", "b", *FOREVER, FIRST)
    one.ask("rlock.acquire", "b", *FOREVER, FIRST)
    assert refused(two, take(two, "a"))


def test_a_ring_that_is_not_the_callers_is_left_alone(simulation: Simulation) -> None:
    """One that waits for its own lock is a ring of one: whoever waits behind it goes once round."""
    peer = simulation.peer("lock.open", "a")
    take(peer, "a")
    take(peer, "a")
    late = simulation.peer()
    assert not refused(late, take(late, "a"))


def ring_through_a_condition(simulation: Simulation) -> tuple[Peer, int, Peer, int]:
    """A sleeper that holds ``a``, and another one that took its lock and waits for ``a``."""
    sleeper, other = simulation.peer("lock.open", "a"), simulation.peer("rlock.open", "guard")
    sleeper.call("condition.open", "changed", "guard")
    sleeper.holds(take(sleeper, "a"))
    sleeper.call("rlock.acquire", "changed", *FOREVER, FIRST)
    sleeping = sleeper.ask("condition.wait", "changed", 5.0, FIRST)
    other.call("rlock.acquire", "guard", *FOREVER, FIRST)
    return sleeper, sleeping, other, take(other, "a")


def test_a_sleeper_that_wakes_in_a_ring_has_its_lock_again(simulation: Simulation) -> None:
    """It cannot be refused: who waits for a condition has its lock when the wait is over."""
    sleeper, sleeping, other, waits = ring_through_a_condition(simulation)
    assert not refused(other, waits)
    simulation.pass_time(5.0)
    assert refused(other, waits)
    other.call("rlock.release", "guard", FIRST)
    woken, _ = sleeper.outcome(sleeping)
    assert woken is False


def test_a_long_chain_costs_one_walk(simulation: Simulation) -> None:
    """A thousand who wait for one another in a row, and the last one closes the ring."""
    peer = simulation.peer()
    names = [f"lock {number}" for number in range(1000)]
    for agent, name in enumerate(names):
        peer.call("lock.open", name)
        assert peer.holds(take(peer, name, agent))
    for agent, name in enumerate(names[1:]):
        assert not refused(peer, take(peer, name, agent))
    with pytest.raises(DeadlockError, match="a ring of 1000 locks") as caught:
        peer.outcome(take(peer, names[0], 999))
    links = str(caught.value).split(", which waits for ")
    assert [len(links), links[15]] == [17, "984 others"]
    assert links[-1].startswith("'lock 999', held by simulated pid 1 ")


def test_nothing_is_left_of_waits_that_are_over(simulation: Simulation, peers: list[Peer]) -> None:
    one, two = peers[:2]
    for agent in range(100):
        one.cancel(take(one, "1", agent))
    assert one.lane.waits == {}
    waits: Any = take(one, "1")
    assert list(one.lane.waits) == [FIRST]
    two.die()
    assert one.holds(waits)
    assert one.lane.waits == {}
