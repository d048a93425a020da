"""RLock through both clients: what `threading.RLock` promises, and whose it is."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import ObjectNotFound

from ..fixtures.agents import Agents
from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.simulation import FOREVER, Peer, Simulation
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""

NOT_YOURS = "cannot release un-acquired lock"


def test_its_owner_takes_it_as_often_as_it_likes(
    agents: Agents, other: shared_state.Client
) -> None:
    (owner,) = agents(1)
    leader = owner.rlock("leader")
    assert [leader.acquire(), leader.acquire(blocking=False), leader.acquire(timeout=1)] == [
        True
    ] * 3
    for _ in range(3):
        assert other.rlock("leader").acquire(blocking=False) is False
        assert leader.release() is None
    assert leader.locked() is False
    assert other.rlock("leader").acquire(blocking=False) is True


def test_another_thread_or_task_of_the_same_client_is_somebody_else(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    owner, sibling = agents(2)
    owner.rlock("leader").acquire()
    assert sibling.rlock("leader").acquire(blocking=False) is False
    assert sibling.rlock("leader").acquire(timeout=SHORT_S) is False
    acquiring = threads.submit(sibling.rlock("leader").acquire, True, LONG_S)
    until(lambda: waiting(other, "leader") == 1)
    owner.rlock("leader").release()
    assert acquiring.result() is True


def test_nobody_but_its_owner_can_release_it(agents: Agents, other: shared_state.Client) -> None:
    owner, sibling = agents(2)
    owner.rlock("leader").acquire()
    for stranger in (sibling.rlock("leader"), other.rlock("leader")):
        with pytest.raises(RuntimeError, match=NOT_YOURS):
            stranger.release()
    owner.rlock("leader").release()
    with pytest.raises(RuntimeError, match=NOT_YOURS):
        owner.rlock("leader").release()


def test_who_waits_longest_gets_it_first(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    other.rlock("leader").acquire()
    order: list[int] = []

    def acquire(position: int, leader: Any) -> None:
        leader.acquire(timeout=LONG_S)
        order.append(position)
        leader.release()

    done: list[Future[None]] = []
    for position, agent in enumerate(agents(4)):
        done.append(threads.submit(acquire, position, agent.rlock("leader")))
        until(lambda: waiting(other, "leader") == len(done))
    other.rlock("leader").release()
    for each in done:
        each.result()
    assert order == [0, 1, 2, 3]


@pytest.mark.parametrize("arguments", [(False, 1), (True, -2), (True, float("nan")), (True, "s")])
def test_what_threading_refuses_is_refused(
    either: Either, other: shared_state.Client, arguments: tuple[Any, ...]
) -> None:
    other.rlock("leader").acquire()
    with pytest.raises(Exception) as refused:  # noqa: PT011  # which one it is is the question
        threading.RLock().acquire(*arguments)
    with pytest.raises(refused.type):
        either.rlock("leader").acquire(*arguments)
    assert waiting(other, "leader") == 0


def test_it_is_listed_with_its_depth_its_owner_and_who_waits(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    (owner,) = agents(1)
    leader = owner.rlock("leader")
    leader.acquire()
    leader.acquire()
    waiter = threads.submit(other.rlock("leader").acquire)
    until(lambda: waiting(other, "leader") == 1)
    (info,) = other.objects()
    assert (info.name, info.type, info.size, info.waiters) == ("leader", "rlock", 2, 1)
    assert [each.pid for each in info.owners] == [os.getpid()]
    assert leader.owner().pid == os.getpid()
    leader.release()
    leader.release()
    assert waiter.result() is True


def test_who_waits_for_one_that_is_deleted_is_told(
    agents: Agents, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    (waiter,) = agents(1)
    other.rlock("leader").acquire()
    acquiring = threads.submit(waiter.rlock("leader").acquire, True, LONG_S)
    until(lambda: waiting(other, "leader") == 1)
    other.delete("leader")
    with pytest.raises(ObjectNotFound, match="was deleted"):
        acquiring.result()


def test_blocks_may_be_entered_inside_each_other(client: shared_state.Client) -> None:
    leader = client.rlock("leader")
    with leader, leader as held:
        assert held == leader.grant
        assert leader.locked()
    assert not leader.locked()


async def test_a_task_enters_and_another_does_not(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        leader = state.rlock("leader")
        async with leader, leader:
            assert await asyncio.create_task(leader.acquire(blocking=False)) is False
        assert not await leader.locked()


# On virtual time

AGENT = 7


def take(peer: Peer, agent: int = AGENT, timeout: float | None = None) -> int:
    return peer.ask("rlock.acquire", "leader", True, timeout, agent)


@pytest.fixture
def owner(simulation: Simulation) -> Peer:
    """A process whose agent has taken ``leader`` twice."""
    peer = simulation.peer("rlock.open", "leader")
    assert [peer.holds(take(peer)) for _ in range(2)] == [True, True]
    return peer


def test_one_whose_owner_died_goes_whole_to_the_next(simulation: Simulation, owner: Peer) -> None:
    waiter, late = simulation.peer(), simulation.peer()
    number, late_number = take(waiter), take(late)
    owner.die()
    assert waiter.holds(number)
    assert late_number not in late.replies  # there is one owner
    waiter.call("rlock.release", "leader", AGENT)
    assert late.holds(late_number)


def test_one_late_release_in_a_dead_owners_name_is_absorbed(
    simulation: Simulation, owner: Peer
) -> None:
    parent = simulation.peer()
    owner.die()
    parent.call("rlock.release", "leader", AGENT)
    with pytest.raises(RuntimeError, match=NOT_YOURS):
        parent.call("rlock.release", "leader", AGENT)


def test_an_acquire_that_was_given_up_takes_back_one_step(
    simulation: Simulation, owner: Peer
) -> None:
    owner.cancel(take(owner))
    for _ in range(2):
        assert owner.call("rlock.locked", "leader") is True
        owner.call("rlock.release", "leader", AGENT)
    assert owner.call("rlock.locked", "leader") is False


def test_it_is_the_agents_of_its_process_only(simulation: Simulation, owner: Peer) -> None:
    namesake = simulation.peer()
    with pytest.raises(RuntimeError, match=NOT_YOURS):
        namesake.call("rlock.release", "leader", AGENT)
    assert namesake.call("rlock.acquire", "leader", False, None, AGENT) is None
    assert owner.call("rlock.acquire", "leader", False, None, AGENT + 1) is None
    assert owner.thread(2).call("rlock.acquire", "leader", False, None, AGENT) is not None


@pytest.mark.parametrize("is_in_time", [True, False])
def test_a_release_at_the_deadline_comes_before_it_or_after_it(
    simulation: Simulation, owner: Peer, is_in_time: bool
) -> None:
    waiter = simulation.peer()
    number = take(waiter, timeout=5.0)
    simulation.pass_time(4.999 if is_in_time else 5.0)
    owner.call("rlock.release", "leader", AGENT)
    owner.call("rlock.release", "leader", AGENT)
    simulation.pass_time(1.0)
    assert waiter.holds(number) is is_in_time
    assert owner.call("rlock.locked", "leader") is is_in_time
    assert len(waiter.frames) == 1


def test_a_thousand_waiters_are_a_thousand_list_entries(
    simulation: Simulation, owner: Peer
) -> None:
    before = threading.active_count()
    peer = simulation.peer()
    numbers = [peer.ask("rlock.acquire", "leader", *FOREVER, agent) for agent in range(1000)]
    assert threading.active_count() == before
    assert [len(peer.lane.waiters), len(peer.replies)] == [1000, 0]
    owner.call("rlock.release", "leader", AGENT)
    owner.call("rlock.release", "leader", AGENT)
    for agent, number in enumerate(numbers):
        assert list(peer.replies) == [number]
        assert peer.replies.pop(number)[1] is not None
        assert peer.call("rlock.release", "leader", agent) is None
        peer.replies.pop(peer.previous)
        peer.replies = {each: reply for each, reply in peer.replies.items() if each in numbers}
