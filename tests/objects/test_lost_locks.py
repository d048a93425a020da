"""Abandoned and lost: the next holder is told of a death, and who was given up that it lost."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import LockLost, OutcomeUnknown, StaleFence

from ..fixtures.clients import Either
from ..fixtures.losing import give_up_holders
from ..fixtures.servers import ThreadServer
from ..fixtures.simulation import AGENT, FOREVER, GRACE_S, Peer, Simulation
from ..fixtures.watching import LONG_S, until, waiting

KINDS = ["lock", "rlock", "condition"]

# Abandoned


@pytest.mark.parametrize("kind", KINDS)
def test_who_gets_an_abandoned_lock_can_know_it(
    server: ThreadServer, either: Either, kind: str
) -> None:
    leader = getattr(either, kind)("leader")
    with server.connect() as dead:
        getattr(dead, kind)("leader").acquire()
    assert leader.acquire(timeout=LONG_S) is True
    assert leader.abandoned is True
    assert leader.grant.abandoned is True


def test_who_waits_for_it_gets_it_at_once_and_knows_it(
    server: ThreadServer, either: Either, threads: ThreadPoolExecutor
) -> None:
    leader = either.lock("leader")
    with server.connect() as dead, server.connect() as watcher:
        dead.lock("leader").acquire()
        acquiring = threads.submit(leader.acquire)
        until(lambda: waiting(watcher, "leader") == 1)
        dead.close()
        assert acquiring.result(LONG_S) is True
    assert leader.abandoned is True


def test_it_is_abandoned_for_one_time_of_holding(server: ThreadServer, either: Either) -> None:
    leader = either.lock("leader")
    with server.connect() as dead:
        dead.lock("leader").acquire()
    leader.acquire(timeout=LONG_S)
    leader.release()
    assert leader.abandoned is False
    leader.acquire()
    assert leader.abandoned is False


def test_a_lock_that_was_released_is_not_abandoned(server: ThreadServer, either: Either) -> None:
    leader = either.lock("leader")
    with server.connect() as careful, careful.lock("leader"):
        pass
    leader.acquire()
    assert leader.abandoned is False


def test_a_with_block_is_told_by_its_grant(
    client: shared_state.Client, server: ThreadServer
) -> None:
    with server.connect() as dead:
        dead.lock("leader").acquire()
        dead.semaphore("slots", 1).acquire()
    with client.lock("leader") as leading, client.semaphore("slots", 1) as permit:
        assert leading.abandoned
        assert permit.abandoned
    with client.lock("leader") as leading, client.semaphore("slots", 1) as permit:
        assert not leading.abandoned
        assert not permit.abandoned


def is_abandoned(grant: Any) -> bool:
    _, _, abandoned = grant
    return bool(abandoned)


def test_an_abandoned_lock_that_did_not_arrive_is_still_abandoned(
    simulation: Simulation, holder: Peer
) -> None:
    holder.die()
    second, third = simulation.peer(), simulation.peer()
    number = second.acquire()
    assert is_abandoned(second.outcome(number))
    second.cancel(number)
    assert is_abandoned(third.outcome(third.acquire()))


def test_each_permit_of_a_dead_process_is_abandoned_once(simulation: Simulation) -> None:
    dead = simulation.peer("semaphore.open", "slots", 3)
    for _ in range(2):
        dead.call("semaphore.acquire", "slots", *FOREVER)
    dead.die()
    living = simulation.peer()
    numbers = [living.ask("semaphore.acquire", "slots", *FOREVER) for _ in range(3)]
    assert [is_abandoned(living.outcome(each)) for each in numbers] == [True, True, False]
    living.cancel(numbers[0])
    assert is_abandoned(living.call("semaphore.acquire", "slots", *FOREVER))


def test_the_log_names_the_lock_and_who_died_with_it(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    peer = simulation.peer("semaphore.open", "slots", 1)
    peer.call("semaphore.acquire", "slots", *FOREVER)
    peer.call("rlock.open", "leader")
    peer.call("rlock.acquire", "leader", *FOREVER, AGENT)
    with caplog.at_level(logging.WARNING):
        peer.die()
    assert caplog.messages == [
        "simulated pid 1 ended while it held 'slots'",
        "simulated pid 1 ended while it held 'leader'",
    ]


def test_a_name_in_the_log_is_one_line() -> None:
    """No name breaks it: those that would are refused."""
    simulation = Simulation()
    with pytest.raises(ValueError, match="printable"):
        simulation.peer("lock.open", "a\nb")


# Lost


@pytest.mark.parametrize("kind", ["lock", "rlock"])
def test_who_was_given_up_learns_it_at_the_release_and_takes_nothing(
    server: ThreadServer, either: Either, other: shared_state.Client, kind: str
) -> None:
    leader = getattr(either, kind)("leader")
    leader.acquire()
    give_up_holders(server)
    theirs = getattr(other, kind)("leader")
    theirs.acquire()
    either.ping()
    with pytest.raises(LockLost, match="'leader' was lost before it was released"):
        leader.release()
    assert theirs.locked() is True
    assert leader.grant is None
    theirs.release()


def test_a_release_into_a_broken_connection_may_have_been_in_time(
    server: ThreadServer, client: shared_state.Client
) -> None:
    """Nobody knows whether it was released or lost, so neither is said."""
    leader = client.lock("leader")
    leader.acquire()
    give_up_holders(server)
    with pytest.raises(OutcomeUnknown):
        leader.release()


async def test_an_async_release_into_a_broken_connection_may_have_been_in_time(
    server: ThreadServer,
) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        leader = state.lock("leader")
        await leader.acquire()
        give_up_holders(server)  # and the loop of the client has no turn to see it
        with pytest.raises(OutcomeUnknown):
            await leader.release()


def test_an_object_is_opened_though_the_session_was_lost(
    server: ThreadServer, either: Either
) -> None:
    """Who opens an object that is there changes nothing, so it is asked for again."""
    either.lock("leader").acquire()
    give_up_holders(server)
    jobs = either.queue("jobs", 3)
    assert jobs.qsize() == 0


def test_who_was_given_up_learns_it_at_the_next_guarded_call(
    server: ThreadServer, either: Either, other: shared_state.Client
) -> None:
    leader, d = either.lock("leader"), either.dict("d")
    leader.acquire()
    give_up_holders(server)
    other.lock("leader").acquire()
    either.ping()
    with pytest.raises(StaleFence):
        d.set("k", 1, fence=leader.grant)
    assert d.size() == 0


def test_the_end_of_a_block_says_that_the_lock_was_lost(
    server: ThreadServer, client: shared_state.Client
) -> None:
    leader, slots = client.lock("leader"), client.semaphore("slots", 1)
    with pytest.raises(LockLost), leader:  # noqa: PT012  # raised by the end of the block
        give_up_holders(server)
        client.ping()
    with pytest.raises(LockLost), slots:  # noqa: PT012  # raised by the end of the block
        give_up_holders(server)
        client.ping()
    assert slots.value() == 1, "it was not released twice"


async def test_the_end_of_an_async_block_says_that_the_lock_was_lost(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        for held in (state.lock("leader"), state.semaphore("slots", 1)):
            with pytest.raises(LockLost):  # noqa: PT012  # raised by the end of the block
                async with held:
                    give_up_holders(server)
                    await state.ping()
        assert await state.semaphore("slots").value() == 1


def test_who_was_given_up_can_take_it_again(server: ThreadServer, either: Either) -> None:
    leader = either.lock("leader")
    leader.acquire()
    lost = leader.grant
    give_up_holders(server)
    either.ping()
    assert leader.acquire(timeout=LONG_S) is True
    assert leader.grant.token > lost.token
    leader.release()


def test_a_lost_lock_is_a_runtime_error_as_a_release_too_many(
    either: Either, other: shared_state.Client
) -> None:
    """So whoever expects what `threading` raises gets it."""
    leader = either.lock("leader")
    leader.acquire()
    other.lock("leader").release()
    with pytest.raises(RuntimeError) as caught:
        leader.release()
    assert caught.type is LockLost
    with pytest.raises(RuntimeError, match="release unlocked lock"):
        leader.release()


def test_a_grace_period_that_is_kept_loses_nothing(simulation: Simulation, holder: Peer) -> None:
    number = holder.acquire()
    holder.cancel(number)
    lock, token, _ = holder.outcome(1 + 1)
    holder.lose()
    simulation.pass_time(GRACE_S - 0.1)
    again = holder.connect_again()
    again.call("lock.release", "leader", [lock, token])
    assert again.call("lock.locked", "leader") is False


def test_two_threads_of_a_client_keep_their_permits_apart(
    client: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    slots, done = client.semaphore("slots", 2), client.event("done")

    def hold_until_done() -> None:
        with slots:
            client.event("in").set()
            done.wait(LONG_S)

    with slots as mine:
        holding = threads.submit(hold_until_done)
        client.event("in").wait(LONG_S)
        client.dict("d").set("k", 1, fence=mine)
        done.set()
        holding.result(LONG_S)
        client.dict("d").set("k", 2, fence=mine)
    assert slots.value() == 2
