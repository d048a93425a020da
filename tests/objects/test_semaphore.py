"""Semaphore through both clients: what `threading.Semaphore` promises, and whose permits return.

What a bounded semaphore does too is tested here for both.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import LockLost, ObjectNotFound
from shared_state_server.memory.semaphore import REMEMBERED_LOSERS
from shared_state_server.stdlib.adapters.semaphore import SemaphoreAdapter
from shared_state_server.waiting import Call

from ..fixtures.clients import Either
from ..fixtures.losing import give_up_holders
from ..fixtures.servers import ThreadServer
from ..fixtures.simulation import FOREVER, Peer, Simulation
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""

KINDS = {"semaphore": threading.Semaphore, "bounded_semaphore": threading.BoundedSemaphore}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The accessor of each kind of semaphore; so it is called on the wire, too."""
    return str(request.param)


def made(client: Any, kind: str, value: int = 1) -> Any:
    return getattr(client, kind)("slots", value)


def test_there_are_as_many_permits_as_it_was_made_with(either: Either, kind: str) -> None:
    slots = made(either, kind, 2)
    assert [slots.acquire(), slots.acquire(blocking=False), slots.acquire(False)] == [
        True,
        True,
        False,
    ]
    assert slots.acquire(timeout=SHORT_S) is False
    assert slots.acquire(timeout=0) is False
    assert slots.acquire(timeout=-1) is False
    assert slots.value() == 0
    assert slots.release() is None
    assert slots.value() == 1
    assert waiting(either, "slots") == 0


def test_who_comes_later_takes_what_is_there(either: Either, other: Any, kind: str) -> None:
    made(other, kind, 2).acquire()
    assert made(either, kind, 7).value() == 1


def test_several_are_released_to_as_many_who_wait(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor, kind: str
) -> None:
    slots = made(other, kind, 3)
    for _ in range(3):
        slots.acquire()
    order: list[int] = []

    def acquire(position: int) -> None:
        made(either, kind).acquire(timeout=LONG_S)
        order.append(position)
        made(either, kind).release()

    done: list[Future[None]] = []
    for position in range(4):
        done.append(threads.submit(acquire, position))
        until(lambda: waiting(other, "slots") == len(done))
    slots.release(1)
    for each in done:
        each.result()
    assert order == [0, 1, 2, 3]
    slots.release(2)
    assert slots.value() == 3


@pytest.mark.parametrize("n", [0, -1])
def test_none_and_fewer_cannot_be_released(either: Either, kind: str, n: int) -> None:
    slots = made(either, kind, 2)
    slots.acquire()
    with pytest.raises(ValueError, match="n must be one or more"):
        slots.release(n)
    assert slots.value() == 1


def test_it_begins_with_none_at_least(client: shared_state.Client, kind: str) -> None:
    with pytest.raises(ValueError, match="semaphore initial value must be >= 0"):
        made(client, kind, -1)
    assert client.objects() == []
    assert made(client, kind, 0).acquire(False) is False


@pytest.mark.parametrize(
    "arguments", [(False, 1), (False, 0), (False, -1), (True, "soon")], ids=str
)
def test_what_threading_refuses_is_refused(
    either: Either, kind: str, arguments: tuple[Any, ...]
) -> None:
    plain, slots = KINDS[kind](1), made(either, kind)
    plain.acquire()
    slots.acquire()
    with pytest.raises(Exception) as refused:  # noqa: PT011  # which one it is is the question
        plain.acquire(*arguments)
    with pytest.raises(refused.type):
        slots.acquire(*arguments)
    assert waiting(either, "slots") == 0


def test_a_semaphore_takes_more_permits_than_it_had(either: Either) -> None:
    slots = either.semaphore("slots", 0)
    slots.release(3)
    assert slots.value() == 3


def test_a_semaphore_has_no_more_permits_than_travel_as_a_number(either: Either) -> None:
    slots = either.semaphore("slots", 2**63 - 2)
    slots.release()
    with pytest.raises(OverflowError, match="at most"):
        slots.release()
    assert slots.value() == 2**63 - 1
    assert [info.size for info in either.objects() if info.name == "slots"] == [2**63 - 1]


def test_a_peer_cannot_open_one_of_more_permits(simulation: Simulation) -> None:
    with pytest.raises(OverflowError, match="at most"):
        simulation.peer("semaphore.open", "slots", 2**63)


def test_it_is_listed_with_who_has_permits_and_who_waits(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor, kind: str
) -> None:
    slots = made(either, kind, 2)
    slots.acquire()
    made(other, kind).acquire()
    waiter = threads.submit(slots.acquire)
    until(lambda: waiting(other, "slots") == 1)
    (info,) = other.objects()
    assert (info.type, info.size, len(info.owners), info.waiters) == (kind, 0, 2, 1)
    made(other, kind).release()
    assert waiter.result() is True


def test_who_waits_for_one_that_is_deleted_is_told(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor, kind: str
) -> None:
    made(other, kind, 0)
    acquiring = threads.submit(made(either, kind).acquire, True, LONG_S)
    until(lambda: waiting(other, "slots") == 1)
    other.delete("slots")
    with pytest.raises(ObjectNotFound, match="was deleted"):
        acquiring.result()


def test_a_permit_is_had_inside_a_with_block(client: shared_state.Client, kind: str) -> None:
    slots = made(client, kind, 2)
    with slots as taken:
        assert taken.lock == "slots"
        assert slots.value() == 1
    assert slots.value() == 2


async def test_a_permit_is_had_inside_an_async_block(server: ThreadServer, kind: str) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        slots = made(state, kind, 2)
        async with slots as taken:
            assert taken.lock == "slots"
            assert await slots.value() == 1
        assert await slots.value() == 2


# Lost permits


def test_who_was_given_up_learns_it_at_an_explicit_release_and_takes_nothing(
    server: ThreadServer, either: Either, other: shared_state.Client, kind: str
) -> None:
    slots, theirs = made(either, kind, 1), made(other, kind, 1)
    slots.acquire()
    give_up_holders(server)
    theirs.acquire()
    either.ping()
    with pytest.raises(LockLost, match="'slots' was lost before it was released"):
        slots.release()
    assert slots.value() == 0
    theirs.release()
    assert slots.value() == 1


def test_who_was_given_up_can_take_a_permit_again(
    server: ThreadServer, either: Either, kind: str
) -> None:
    slots = made(either, kind, 1)
    slots.acquire()
    give_up_holders(server)
    either.ping()
    assert slots.acquire(timeout=LONG_S) is True
    slots.release()
    assert slots.value() == 1


# On virtual time


@pytest.fixture
def holder(simulation: Simulation, kind: str) -> Peer:
    """A process that has both permits of ``slots``."""
    peer = simulation.peer(f"{kind}.open", "slots", 2)
    assert [peer.holds(take(peer)) for _ in range(2)] == [True, True]
    return peer


def take(peer: Peer, timeout: float | None = None) -> int:
    return peer.ask("semaphore.acquire", "slots", True, timeout)


def permits(peer: Peer) -> int:
    value: int = peer.call("semaphore.value", "slots")
    return value


def test_the_permits_of_a_process_that_died_go_to_who_waits(
    simulation: Simulation, holder: Peer
) -> None:
    dead, living = simulation.peer(), simulation.peer()
    take(dead)
    numbers = [take(living) for _ in range(3)]
    dead.die()
    holder.die()
    assert [number in living.replies for number in numbers] == [True, True, False]


def test_as_many_late_releases_are_absorbed_as_permits_came_back(
    simulation: Simulation, holder: Peer
) -> None:
    parent = simulation.peer()
    holder.die()
    for _ in range(2):
        assert permits(parent) == 2
        parent.call("semaphore.release", "slots", 1)
    assert permits(parent) == 2


def test_a_permit_that_was_released_in_time_comes_back_once(
    simulation: Simulation, holder: Peer
) -> None:
    parent = simulation.peer()
    parent.call("semaphore.release", "slots", 1)
    holder.die()
    assert permits(parent) == 2


def release(peer: Peer, n: int = 1) -> None:
    peer.call("semaphore.release", "slots", n)


def given_up(holder: Peer) -> Peer:
    """Return a new connection of a process that the server has given up."""
    holder.die()
    return holder.connect_again()


def test_a_loss_is_told_as_often_as_there_were_permits(holder: Peer) -> None:
    holder = given_up(holder)
    for _ in range(2):
        with pytest.raises(LockLost, match="1 of its permits"):
            release(holder)
    take(holder)
    release(holder)
    assert permits(holder) == 2


def test_a_release_of_some_that_were_lost_releases_none(holder: Peer) -> None:
    holder = given_up(holder)
    take(holder)
    with pytest.raises(LockLost, match="2 of its permits; nothing was released"):
        release(holder, 3)
    assert permits(holder) == 1
    release(holder)
    assert permits(holder) == 2


def test_a_loss_is_told_though_somebody_has_released_in_the_name_of_the_lost(
    simulation: Simulation, holder: Peer
) -> None:
    parent = simulation.peer()
    holder = given_up(holder)
    release(parent, 2)
    take(parent)
    with pytest.raises(LockLost):
        release(holder)
    assert permits(parent) == 1


def test_a_release_that_was_told_of_its_loss_is_not_absorbed_once_more(
    simulation: Simulation, holder: Peer
) -> None:
    holder = given_up(holder)
    with pytest.raises(LockLost):
        release(holder, 2)
    take(holder)
    release(simulation.peer())
    assert permits(holder) == 2


def test_so_many_sessions_are_remembered_with_what_they_lost(
    simulation: Simulation, kind: str
) -> None:
    losers = [simulation.peer(f"{kind}.open", "slots", 1) for _ in range(REMEMBERED_LOSERS + 1)]
    for loser in losers:
        take(loser)
        loser.die()
    release(losers[0].connect_again())
    for loser in losers[1:]:
        with pytest.raises(LockLost):
            release(loser.connect_again())


def test_a_client_of_the_standard_library_is_not_told_of_a_loss(simulation: Simulation) -> None:
    """Its session may end with one of its threads, before another one releases."""
    slots, peer = SemaphoreAdapter(1), simulation.peer()
    slots.behaviour.acquire(Call(peer.lane, 1, simulation.now), True, None)
    again = given_up(peer)
    slots.release(Call(again.lane, 1, simulation.now))
    assert slots.behaviour.value() == 1


def test_an_acquire_that_was_given_up_has_no_permit_though_a_sibling_released_it(
    simulation: Simulation, kind: str
) -> None:
    holder = simulation.peer(f"{kind}.open", "slots", 2)
    sibling = holder.thread(2)
    number = take(sibling)
    assert holder.holds(take(holder))
    holder.call("semaphore.release", "slots", 1)
    sibling.cancel(number)
    assert permits(holder) == 2


def test_an_acquire_that_was_given_up_has_no_permit(simulation: Simulation, holder: Peer) -> None:
    holder.call("semaphore.release", "slots", 1)
    holder.cancel(take(holder))
    assert permits(holder) == 1
    one, two = take(holder), take(holder)
    holder.cancel(two)
    holder.call("semaphore.release", "slots", 1)
    assert permits(holder) == 1
    assert holder.holds(one)


@pytest.mark.parametrize("is_in_time", [True, False])
def test_a_release_at_the_deadline_comes_before_it_or_after_it(
    simulation: Simulation, holder: Peer, is_in_time: bool
) -> None:
    waiter = simulation.peer()
    number = take(waiter, timeout=5.0)
    simulation.pass_time(4.999 if is_in_time else 5.0)
    holder.call("semaphore.release", "slots", 1)
    simulation.pass_time(1.0)
    assert waiter.holds(number) is is_in_time
    assert permits(holder) == (not is_in_time)
    assert len(waiter.frames) == 1


def test_a_thousand_waiters_are_a_thousand_list_entries(
    simulation: Simulation, holder: Peer
) -> None:
    before = threading.active_count()
    peer = simulation.peer()
    numbers = [peer.ask("semaphore.acquire", "slots", *FOREVER) for _ in range(1000)]
    assert threading.active_count() == before
    assert len(peer.lane.waiters) == 1000
    peer.call("semaphore.release", "slots", 1)
    assert [number for number in numbers if number in peer.replies] == numbers[:1]
