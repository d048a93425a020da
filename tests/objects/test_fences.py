"""Grants and fences through both clients: a command is carried out while its lock is held by it."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import shared_state
from shared_state import Grant, LockLost, StaleFence
from shared_state_protocol.errors import ProtocolError
from shared_state_server.service import Service

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.simulation import FOREVER, Peer, Simulation
from ..fixtures.watching import LONG_S, until, waiting

NOBODYS = Grant("leader", 1)
"""A grant whose token nobody has: those of a server begin at its clock."""


@pytest.fixture
def leading(either: Either) -> Grant:
    """The grant of the lock ``leader``, which `either` holds."""
    leader = either.lock("leader")
    leader.acquire()
    grant: Grant = leader.grant
    return grant


# Tokens


@pytest.mark.parametrize("kind", ["lock", "rlock", "condition"])
def test_each_holder_has_a_larger_token(
    either: Either, other: shared_state.Client, kind: str
) -> None:
    mine, theirs = getattr(either, kind)("leader"), getattr(other, kind)("leader")
    tokens: list[int] = []
    for holder in (mine, theirs, theirs):
        holder.acquire()
        tokens.append(holder.grant.token)
        if holder is theirs:
            holder.release()
        else:
            other.delete("leader")  # and with it the task that the rlock belongs to
            mine, theirs = getattr(either, kind)("leader"), getattr(other, kind)("leader")
    assert tokens == sorted(set(tokens))


def test_tokens_grow_over_the_deletion_of_a_lock(either: Either) -> None:
    leader, tokens = either.lock("leader"), []
    for _ in range(3):
        leader.acquire()
        tokens.append(leader.grant.token)
        either.delete("leader")
        leader = either.lock("leader")
    assert tokens == sorted(set(tokens))


def test_tokens_grow_over_a_new_server(server: ThreadServer) -> None:
    """One that has none of the old one's state, as long as nobody turns the clock back."""
    first = server.look(lambda service: service.objects.last_token)
    second = ThreadServer(server.settings).start()
    try:
        assert (
            second.look(lambda service: service.objects.last_token) > first > 1_700_000_000_000_000
        )
    finally:
        second.stop()


def test_there_is_a_grant_from_acquire_to_release(either: Either) -> None:
    leader = either.lock("leader")
    before = leader.grant
    leader.acquire()
    assert (before, leader.grant.lock) == (None, "leader")
    assert either.lock("leader").grant == leader.grant, "it is the client that holds it"
    leader.release()
    assert leader.grant is None


def test_an_acquire_in_vain_grants_nothing(either: Either, other: shared_state.Client) -> None:
    other.lock("leader").acquire()
    leader = either.lock("leader")
    assert leader.acquire(blocking=False) is False
    assert leader.grant is None


def test_an_rlock_has_one_grant_however_often_it_is_taken(client: shared_state.Client) -> None:
    leader = client.rlock("leader")
    with leader as outer, leader as inner:
        assert outer == inner == leader.grant
    assert leader.grant is None
    with leader as later:
        assert later.token > outer.token


def test_a_condition_has_the_grant_of_its_lock(client: shared_state.Client) -> None:
    lock = client.lock("guard")
    changed = client.condition("changed", lock)
    with changed as grant:
        assert grant.lock == "guard"
        assert lock.grant == changed.grant == grant
    assert lock.grant is None


def test_a_wait_comes_back_with_another_grant(client: shared_state.Client) -> None:
    lock = client.rlock("guard")
    changed = client.condition("changed", lock)
    with lock as before, lock:
        assert changed.wait(timeout=0.0) is False
        after = lock.grant
        assert after is not None
        assert after.token > before.token
        lock.release()
        assert lock.grant == after, "it was taken again as often as before"
        lock.acquire()
        client.dict("d").set("k", 1, fence=after)
        with pytest.raises(StaleFence):
            client.dict("d").set("k", 2, fence=before)
    assert lock.locked() is False


async def test_an_awaited_wait_comes_back_with_another_grant(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        lock = state.lock("guard")
        changed = state.condition("changed", lock)
        async with lock as before:
            assert await changed.wait(timeout=0.0) is False
            assert lock.grant is not None
            assert lock.grant.token > before.token
        assert await lock.locked() is False


def test_permits_have_grants_of_their_own(client: shared_state.Client) -> None:
    slots, d = client.semaphore("slots", 2), client.dict("d")
    with slots as outer:
        with slots as inner:
            assert inner.token > outer.token
            d.set("inner", True, fence=inner)
        d.set("outer", True, fence=outer)
        with pytest.raises(StaleFence):
            d.set("late", True, fence=inner)
    assert d.copy() == {"inner": True, "outer": True}
    assert slots.value() == 2


# Fences

CHANGES: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any], Callable[[Any], Any]]] = {
    "dict": (lambda c: c.dict("o"), lambda o, f: o.set("k", 1, fence=f), lambda o: o.size()),
    "list": (lambda c: c.list("o"), lambda o, f: o.append(1, fence=f), lambda o: o.size()),
    "set": (lambda c: c.set("o"), lambda o, f: o.add(1, fence=f), lambda o: o.size()),
    "namespace": (
        lambda c: c.namespace("o"),
        lambda o, f: o.set("rate", 1, fence=f),
        lambda o: o.size(),
    ),
    "queue": (lambda c: c.queue("o"), lambda o, f: o.put(1, fence=f), lambda o: o.qsize()),
    "value": (lambda c: c.value("o", "i"), lambda o, f: o.set(1, fence=f), lambda o: o.get()),
    "array": (
        lambda c: c.array("o", "i", 1),
        lambda o, f: o.set(0, 1, fence=f),
        lambda o: o.get(0),
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_is_guarded_happens_while_the_lock_is_held_and_not_later(
    either: Either, leading: Grant, kind: str
) -> None:
    make, change, look = CHANGES[kind]
    first, second = make(either), None
    with pytest.raises(StaleFence, match="'leader' is not held with the token 1 any more"):
        change(first, NOBODYS)
    assert look(first) == 0
    change(first, leading)
    assert look(first) == 1
    either.lock("leader").release()
    either.delete("o")
    second = make(either)
    with pytest.raises(StaleFence):
        change(second, leading)
    assert look(second) == 0


def test_the_next_holders_token_is_another(
    either: Either, other: shared_state.Client, leading: Grant
) -> None:
    either.lock("leader").release()
    other.lock("leader").acquire()
    d = either.dict("d")
    with pytest.raises(StaleFence):
        d.set("k", 1, fence=leading)
    other.dict("d").set("k", 2, fence=other.lock("leader").grant)
    assert d.get("k") == 2


def test_a_stale_fence_is_a_lost_lock_and_the_call_may_have_no_fence(either: Either) -> None:
    d = either.dict("d")
    with pytest.raises(LockLost):
        d.set("k", 1, fence=NOBODYS)
    d.set("k", 1, fence=None)
    assert d.get("k") == 1


def test_what_guards_has_to_be_a_lock_that_is_there(either: Either, leading: Grant) -> None:
    d = either.dict("d")
    for name in ("d", "nothing", ""):
        with pytest.raises(StaleFence):
            d.set("k", 1, fence=leading._replace(lock=name))
    either.delete("leader")
    with pytest.raises(StaleFence):
        d.set("k", 1, fence=leading)
    assert d.size() == 0


def test_what_is_no_grant_is_refused_before_it_is_sent(either: Either) -> None:
    d = either.dict("d")
    for wrong in (5, "leader", ("leader", 5), True):
        with pytest.raises(TypeError, match="a fence is a Grant"):
            d.set("k", 1, fence=wrong)
    with pytest.raises(TypeError):
        d.get("k", fence=NOBODYS)


def test_each_call_of_a_batch_has_its_own_fence(client: shared_state.Client) -> None:
    leader, d, jobs = client.lock("leader"), client.dict("d"), client.queue("jobs")
    with leader as leading, client.batch() as batch:
        d.set("a", 1, fence=leading)
        d.set("b", 2, fence=NOBODYS)
        jobs.put("item", fence=NOBODYS)
        d.set("c", 3)
    assert [type(each) for each in batch.results] == [
        type(None),
        StaleFence,
        StaleFence,
        type(None),
    ]
    assert d.copy() == {"a": 1, "c": 3}
    assert jobs.qsize() == 0


def test_an_acquire_in_a_batch_says_whether_it_was_taken(client: shared_state.Client) -> None:
    leader, slots = client.lock("leader"), client.semaphore("slots", 1)
    with client.batch() as batch:
        leader.acquire()
        leader.acquire(blocking=False)
        slots.acquire()
        slots.acquire(blocking=False)
        leader.release()
    assert batch.results == [True, False, True, False, None]
    assert leader.locked() is False


PYTHON = [
    lambda c, f: c.dict("d").update({"k": 1}, more=2, fence=f),
    lambda c, f: c.list("l").sort(fence=f),
    lambda c, f: c.list("l").sort(key=str, fence=f),
    lambda c, f: c.set("s").update([1], [2], fence=f),
    lambda c, f: c.set("s").difference_update([1], fence=f),
    lambda c, f: c.set("s").intersection_update([1], fence=f),
    lambda c, f: c.array("a", "i", 2).add(range(2), 1, fence=f),
    lambda c, f: c.array("a", "i", 2).add(range(2), [1, 2], fence=f),
]


@pytest.mark.parametrize("change", PYTHON)
def test_what_python_calls_otherwise_is_guarded_too(
    client: shared_state.Client, change: Callable[[Any, Any], Any]
) -> None:
    with client.lock("leader") as leading:
        change(client, leading)
        with pytest.raises(StaleFence):
            change(client, NOBODYS)


def test_an_edit_can_be_guarded(client: shared_state.Client) -> None:
    d, items = client.dict("d"), client.list("l")
    d["k"] = [1]
    items.append([1])
    with pytest.raises(StaleFence), d.edit("k", fence=NOBODYS) as value:
        value.append(2)
    with pytest.raises(StaleFence), items.edit(0, fence=NOBODYS) as value:
        value.append(2)
    assert (d["k"], items[0]) == ([1], [1])
    with client.lock("leader") as leading, d.edit("k", fence=leading) as value:
        value.append(2)
    assert d["k"] == [1, 2]


async def test_what_awaits_can_be_guarded_too(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        numbers, items, d = state.array("a", "i", 2), state.list("l"), state.dict("d")
        await d.set("k", [1])
        async with state.lock("leader") as leading:
            await numbers.write([1, 2], fence=leading)
            await numbers.add(range(2), 1, fence=leading)
            await items.sort(fence=leading)
            async with d.edit("k", fence=leading) as value:
                value.append(2)
        for late in (
            numbers.write([1, 2], fence=leading),
            numbers.add(range(2), 1, fence=leading),
            numbers.add(range(2), [1, 1], fence=leading),
            items.sort(fence=leading),
        ):
            with pytest.raises(StaleFence):
                await late
        assert (await numbers.read()).tolist() == [2, 3]
        assert await d.get("k") == [1, 2]


# Guarded waits


def test_what_still_waits_when_its_lock_is_given_back_is_refused(
    either: Either,
    leading: Grant,
    other: shared_state.Client,
    threads: ThreadPoolExecutor,
) -> None:
    narrow = either.queue("narrow", 1)
    narrow.put("first")
    putting = threads.submit(narrow.put, "second", fence=leading)
    until(lambda: waiting(other, "narrow") == 1)
    other.lock("leader").release()
    with pytest.raises(StaleFence, match="given back while this waited"):
        putting.result(LONG_S)
    assert narrow.get() == "first"
    with pytest.raises(queue.Empty):
        narrow.get(block=False)


def test_a_wait_that_is_served_in_time_is_not_refused(
    either: Either, leading: Grant, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = either.queue("jobs")
    getting = threads.submit(jobs.get, timeout=LONG_S, fence=leading)
    until(lambda: waiting(other, "jobs") == 1)
    other.queue("jobs").put("item")
    assert getting.result() == "item"
    either.lock("leader").release()


# On the wire


def grant_of(peer: Peer) -> list[Any]:
    """Return the name and token by which `peer` takes the lock ``leader``."""
    lock, token, _ = peer.outcome(peer.acquire())
    return [lock, token]


def test_a_refused_wait_lets_the_next_one_pass(simulation: Simulation) -> None:
    peer = simulation.peer("queue.open", "narrow", 2, None, None)
    peer.call("lock.open", "leader")
    peer.call("queue.put", "narrow", b"one", *FOREVER)
    fence = grant_of(peer)
    many = peer.ask("queue.put_many", "narrow", [b"2", b"3"], *FOREVER, fence)
    single = peer.ask("queue.put", "narrow", b"four", *FOREVER)
    assert single not in peer.replies
    peer.call("lock.release", "leader")
    with pytest.raises(StaleFence):
        peer.outcome(many)
    assert peer.outcome(single) is None


def test_the_lock_of_a_dead_process_takes_its_guarded_waits_along(simulation: Simulation) -> None:
    holder, friend = (
        simulation.peer("lock.open", "leader"),
        simulation.peer("queue.open", "jobs", 0, None, None),
    )
    number = friend.ask("queue.get", "jobs", *FOREVER, grant_of(holder))
    holder.die()
    with pytest.raises(StaleFence):
        friend.outcome(number)


@pytest.mark.parametrize(
    "fence", [None, [], ["leader"], ["leader", "1"], ["leader", 1, 1], [1, "leader"], "leader", 1]
)
def test_what_is_no_fence_is_an_argument_too_many(simulation: Simulation, fence: Any) -> None:
    peer = simulation.peer("set.open", "s")
    with pytest.raises(ProtocolError, match="argument"):
        peer.call("set.clear", "s", fence)
    with pytest.raises(ProtocolError, match="argument"):
        peer.call("set.size", "s", ["leader", 1])


def test_a_fence_is_checked_before_the_arguments_are_looked_into(simulation: Simulation) -> None:
    """Nothing of a refused command is carried out, whatever else is wrong with it."""
    peer = simulation.peer("list.open", "l")
    with pytest.raises(StaleFence):
        peer.call("list.pop", "l", 0, ["leader", 1])
    assert peer.call("list.size", "l") == 0


def test_a_repeated_guarded_request_is_answered_from_memory(simulation: Simulation) -> None:
    peer = simulation.peer("list.open", "l")
    peer.call("lock.open", "leader")
    number = peer.ask("list.append", "l", b"\x01", grant_of(peer))
    peer.call("lock.release", "leader")
    peer.lose()
    again = peer.connect_again()
    again.ask_again(number)
    assert again.outcome(number) is None
    assert again.call("list.size", "l") == 1


def test_a_service_begins_above_the_token_that_it_is_told() -> None:
    service = Service(
        version="",
        clock=lambda: 0.0,
        session_grace=0.0,
        later=lambda delay, function: None,
        alarm=lambda deadline: None,
        last_token=41,
    )
    service.objects.share("leader", "lock")
    lock: Any = service.objects.by_name["leader"].behaviour
    assert lock.last_token == 41
