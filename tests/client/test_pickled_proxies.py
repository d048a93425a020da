"""Proxies in other processes: under fork, spawn and forkserver, and by a plain pickle."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import shared_state

from ..fixtures.servers import ThreadServer

# From 3.12 on Python warns of a fork beside threads, as a server in a thread is: rightly, but this
# child takes no lock that one of them may hold.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

METHODS = multiprocessing.get_all_start_methods()
CHILDREN = 4
PATIENCE_S = 60.0


def append_and_count(items: Any, counts: Any, lock: Any, jobs: Any, number: int) -> None:
    """What a child does with proxies that came as arguments."""
    items.append(number)
    with lock:
        counts["n"] = counts.get("n", 0) + 1
    jobs.put(number)


@pytest.mark.parametrize("method", METHODS)
def test_children_use_proxies_that_come_as_arguments(
    client: shared_state.Client, method: str
) -> None:
    objects = client.list("l"), client.dict("d"), client.lock("k"), client.queue("q")
    context = multiprocessing.get_context(method)
    children = [
        context.Process(target=append_and_count, args=(*objects, number))  # type: ignore[attr-defined]  # each context has it
        for number in range(CHILDREN)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(PATIENCE_S)
    assert [child.exitcode for child in children] == [0] * CHILDREN
    assert sorted(client.list("l")) == list(range(CHILDREN))
    assert client.dict("d") == {"n": CHILDREN}
    assert sorted(client.queue("q").get_many(CHILDREN)) == list(range(CHILDREN))


def use_inherited(client: shared_state.Client) -> None:
    """What a forked child does with the client that it has from its parent."""
    client.dict("d")["child"] = 1


@pytest.mark.skipif("fork" not in METHODS, reason="this system cannot fork")
def test_a_fork_has_connections_of_its_own(client: shared_state.Client) -> None:
    shared = client.dict("d")
    with client.lock("k"):
        child = multiprocessing.get_context("fork").Process(target=use_inherited, args=(client,))
        child.start()
        child.join(PATIENCE_S)
        assert child.exitcode == 0
        assert client.lock("k").locked(), "the child's end has freed its parent's lock"
    shared["parent"] = 2
    assert shared == {"child": 1, "parent": 2}


def test_a_plain_pickle_has_no_key(client: shared_state.Client) -> None:
    pickled = pickle.dumps(client.dict("d"))
    assert client.key not in pickled
    assert str(client.address).encode() in pickled


def test_a_pickled_proxy_finds_the_client_of_its_address(client: shared_state.Client) -> None:
    shared = client.dict("d")
    again = pickle.loads(pickle.dumps(shared))
    again["a"] = 1
    assert again.client is client
    assert shared == {"a": 1}


def test_a_pickled_proxy_finds_the_key_by_itself(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.connect() as client:
        pickled = pickle.dumps(client.list("l"))
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", server.settings.authkey.decode())
    found = pickle.loads(pickled)
    found.append(1)
    assert found == [1]
    found.client.close()


@pytest.mark.parametrize("make", [lambda c: c.dict("d"), lambda c: c.queue("q")], ids=["dict", "q"])
def test_an_object_of_an_async_client_says_why_it_cannot_be_pickled(
    server: ThreadServer, make: Callable[[shared_state.AsyncClient], Any]
) -> None:
    import asyncio

    async def main() -> None:
        key = server.settings.authkey
        async with shared_state.connect_async(server.address, authkey=key) as client:
            with pytest.raises(TypeError, match="event loop"):
                pickle.dumps(make(client))

    asyncio.run(main())


def test_a_pickled_barrier_leaves_its_action_behind(client: shared_state.Client) -> None:
    acted: list[str] = []
    barrier = client.barrier("b", 1, lambda: acted.append("here"))
    again = pickle.loads(pickle.dumps(barrier))
    again.wait()
    assert acted == []
    again.with_action(lambda: acted.append("there")).wait()
    barrier.wait()
    assert acted == ["there", "here"]
