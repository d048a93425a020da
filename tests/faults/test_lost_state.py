"""Servers that come back without their memory, or whose place another one takes.

A client is told once, by `StateLost`, and then works with what there is now: its objects are there
again as it had opened them, with nothing in them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

import shared_state
from shared_state import ServerClosing, StateLost
from shared_state_server.settings import Settings

from ..fixtures.clients import Either, ask, connected
from ..fixtures.servers import ProcessServer, ThreadServer
from ..fixtures.watching import LONG_S, until, waiting


@pytest.fixture
def server(process_server: ProcessServer) -> ProcessServer:
    """A server that can be killed, for both clients."""
    return process_server


def restart(server: ProcessServer) -> None:
    server.kill()
    server.start()


def parked(
    server: ProcessServer, threads: ThreadPoolExecutor, get: Callable[[], object]
) -> Future[object]:
    """Have another thread wait for an item of the queue ``jobs``; return once it does."""
    getting = threads.submit(get)
    with server.connect() as other:
        until(lambda: waiting(other, "jobs") == 1)
    return getting


def test_the_next_call_after_the_loss_is_told_and_those_after_it_go_on(
    server: ProcessServer, either: Either
) -> None:
    config, jobs = either.dict("config"), either.queue("jobs", maxsize=3)
    config.set("rate", 10)
    restart(server)
    with pytest.raises(StateLost, match="memory"):
        config.set("rate", 11)
    assert config.get("rate") is None
    config.set("rate", 12)
    assert config.get("rate") == 12
    assert ask(jobs, "maxsize") == 3, "it was opened again as it was"


def test_each_loss_is_told(server: ProcessServer, either: Either) -> None:
    config = either.dict("config")
    for _ in range(2):
        config.set("rate", 10)
        restart(server)
        with pytest.raises(StateLost):
            config.get("rate")
        assert config.size() == 0


def test_a_query_finds_nothing_in_the_place_of_what_there_was(
    server: ProcessServer, either: Either
) -> None:
    config = either.dict("config")
    config.set("rate", 10)
    restart(server)
    with pytest.raises(StateLost):
        either.objects()
    assert [info.name for info in either.objects()] == ["config"]
    assert config.size() == 0


def test_who_waits_is_told_and_may_wait_again(
    server: ProcessServer, either: Either, threads: ThreadPoolExecutor
) -> None:
    jobs = either.queue("jobs")
    getting = parked(server, threads, jobs.get)
    restart(server)
    with pytest.raises(StateLost, match=r"queue\.get was under way"):
        getting.result(LONG_S)
    getting = threads.submit(jobs.get)
    with server.connect() as other:
        other.queue("jobs").put("item")
    assert getting.result(LONG_S) == "item"


def test_who_waits_while_a_server_is_stopped_and_started_is_told_as_of_any_loss(
    server: ProcessServer, either: Either, threads: ThreadPoolExecutor
) -> None:
    jobs = either.queue("jobs")
    getting = parked(server, threads, jobs.get)
    assert server.stop() == 0
    server.start()
    with pytest.raises(StateLost, match=r"queue\.get was under way"):
        getting.result(LONG_S)
    assert threads.submit(jobs.qsize).result(LONG_S) == 0


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_who_waits_while_a_server_is_stopped_for_good_is_told_that_it_closed(
    server: ProcessServer, kind: str, threads: ThreadPoolExecutor
) -> None:
    key = server.settings.authkey
    with connected(kind, server.address, key, timeout=SHORT_S) as state:
        jobs = state.queue("jobs")
        getting = parked(server, threads, jobs.get)
        assert server.stop() == 0
        with pytest.raises(ServerClosing):
            getting.result(LONG_S)


def test_what_was_deleted_or_is_used_by_nobody_is_not_opened_again(
    server: ProcessServer, client: shared_state.Client
) -> None:
    kept, deleted = client.dict("kept"), client.dict("deleted")
    client.dict("unused")
    client.delete("deleted")
    restart(server)
    with pytest.raises(StateLost):
        deleted.size()
    assert kept.size() == 0
    assert [info.name for info in client.objects()] == ["kept"]


def test_a_new_thread_finds_the_objects_of_the_others_open(
    server: ProcessServer, client: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    jobs = client.queue("jobs", maxsize=3)
    restart(server)
    assert threads.submit(ask, jobs, "maxsize").result(LONG_S) == 3
    with pytest.raises(StateLost):
        jobs.qsize()
    assert jobs.qsize() == 0


def test_every_thread_that_spoke_with_the_lost_server_is_told(
    server: ProcessServer, client: shared_state.Client
) -> None:
    config = client.dict("config")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(config.set, "rate", 10).result(LONG_S)
        restart(server)
        for call in (config.size, thread.submit(config.size).result):
            with pytest.raises(StateLost):
                call()
        assert config.size() == thread.submit(config.size).result(LONG_S) == 0


async def test_all_that_was_under_way_is_told_and_nothing_after_it(server: ProcessServer) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        jobs = [state.queue(f"jobs {number}") for number in range(3)]
        getting = asyncio.gather(*(each.get() for each in jobs), return_exceptions=True)
        await state.ping()
        await asyncio.to_thread(restart, server)
        assert {type(each) for each in await getting} == {StateLost}
        assert [await each.qsize() for each in jobs] == [0, 0, 0]


async def test_a_loss_that_only_an_opening_met_is_told_to_the_next_who_awaits(
    server: ProcessServer,
) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        await state.ping()
        await asyncio.to_thread(restart, server)
        jobs = state.queue("jobs", maxsize=3)
        await asyncio.to_thread(until, lambda: bool(state.transport))
        with pytest.raises(StateLost):
            await jobs.qsize()
        assert await jobs.maxsize() == 3


# Several addresses


@pytest.fixture
def stand_in(settings: Settings) -> Iterator[ThreadServer]:
    """Another server, with the same key."""
    running = ThreadServer(replace(settings)).start()
    yield running
    running.stop()


Places = list[tuple[str, int]]
Found = tuple[str, int]
"""Where a client is, and how many objects there are."""

SHORT_S = 1.5
"""Within which all addresses are tried: one that is silent takes its part of it."""


def found_by_blocking(places: Places, key: bytes) -> Found:
    with shared_state.connect([*places], authkey=key, timeout=SHORT_S) as client:
        return str(client.address), len(client.objects())


def found_by_async(places: Places, key: bytes) -> Found:
    async def look() -> Found:
        async with shared_state.connect_async([*places], authkey=key, timeout=SHORT_S) as state:
            return str(state.address), len(await state.objects())

    return asyncio.run(look())


each_client = pytest.mark.parametrize("found_by", [found_by_blocking, found_by_async])


@each_client
def test_the_first_address_that_answers_is_taken(
    stand_in: ThreadServer, found_by: Callable[[Places, bytes], Found]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen: it refuses
        places = [closed.getsockname(), silent.getsockname(), stand_in.address]
        found = found_by(places, stand_in.settings.authkey)
    assert found == (f"tcp://127.0.0.1:{stand_in.address[1]}", 0)


@each_client
def test_the_last_address_says_why_none_answered(
    settings: Settings, found_by: Callable[[Places, bytes], Found]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        places = [closed.getsockname(), silent.getsockname()]
        with pytest.raises(TimeoutError, match=r"did not answer within 0\.75 s"):
            found_by(places, settings.authkey)


def test_another_server_takes_the_place_of_one_that_is_lost(
    server: ProcessServer, stand_in: ThreadServer
) -> None:
    places = [server.address, stand_in.address]
    with shared_state.connect([*places], authkey=server.settings.authkey) as client:
        config = client.dict("config")
        assert client.address.port == server.address[1]
        server.kill()
        with pytest.raises(StateLost):
            config.size()
        assert client.address.port == stand_in.address[1]
        assert config.size() == 0
        assert config == client.dict("config"), "and they are proxies of the same"
        server.start()
        assert config.size() == 0
        assert client.address.port == stand_in.address[1], "it stays where it is"


def test_all_threads_of_a_client_are_with_one_server(
    server: ProcessServer, stand_in: ThreadServer
) -> None:
    """One whose connection broke finds the other server; its neighbour's still stands."""
    places = [server.address, stand_in.address]
    with (
        shared_state.connect([*places], authkey=server.settings.authkey) as client,
        ThreadPoolExecutor(1) as thread,
    ):
        config = client.dict("config")
        thread.submit(config.set, "rate", 10).result(LONG_S)
        client._session._addresses = client._session._addresses[1:]
        client._session.address = client._session._addresses[0]
        client._session._unix_path = ""  # as if the first server's host were out of reach
        client._lane().close()
        with pytest.raises(StateLost):
            config.size()
        with pytest.raises(StateLost):
            thread.submit(config.get, "rate").result(LONG_S)
        assert thread.submit(config.get, "rate").result(LONG_S) is None
