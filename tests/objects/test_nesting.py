"""Nesting: a shared object inside another comes out as itself, on every client."""

from __future__ import annotations

from typing import Any

import pytest

import shared_state
from shared_state import EncodingError, ObjectNotFound
from shared_state_server.settings import Settings

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer

KINDS: dict[str, tuple[Any, ...]] = {
    "dict": (),
    "list": (),
    "set": (),
    "namespace": (),
    "value": ("i",),
    "array": ("i", 3),
    "queue": (),
    "lifo_queue": (),
    "priority_queue": (),
    "joinable_queue": (),
    "lock": (),
    "rlock": (),
    "semaphore": (),
    "bounded_semaphore": (),
    "condition": (),
    "event": (),
    "barrier": (2,),
}
"""Every type that has one proxy, and what its accessor needs beside the name."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_comes_out_as_it_went_in(
    client: shared_state.Client, other: shared_state.Client, kind: str
) -> None:
    inner = getattr(client, kind)("inner", *KINDS[kind])
    client.dict("outer")["key"] = inner
    client.list("items").append([1, {"deep": inner}])
    for found in (other.dict("outer")["key"], other.list("items")[0][1]["deep"]):
        assert type(found) is type(inner)
        assert (found.name, found.client) == ("inner", other)


def test_what_comes_out_is_the_same_object(either: Either, other: shared_state.Client) -> None:
    other.dict("outer")["key"] = other.dict("inner")
    other.list("items").append(other.list("deep"))
    other.dict("inner")["n"] = 1
    inner = either.dict("outer").get("key")
    deep = either.list("items").get(0)
    assert repr(inner).startswith("<shared dict 'inner' at tcp://")
    assert repr(deep).startswith("<shared list 'deep' at tcp://")


def test_a_change_of_it_is_seen_by_all(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    client.dict("outer")["key"] = client.list("inner")
    other.dict("outer")["key"].append("x")
    assert client.list("inner")[0] == "x"
    client.dict("outer")["key"][0] = "y"
    assert list(other.dict("outer")["key"]) == ["y"]


async def test_both_clients_read_what_the_other_stored(
    server: ThreadServer, client: shared_state.Client
) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        await state.dict("outer").set("theirs", state.list("inner"))
        client.dict("outer")["ours"] = client.list("inner")
        client.dict("outer")["theirs"].append(1)
        found: Any = await state.dict("outer")["ours"]
        await found.append(2)
        assert await found.copy() == [1, 2]
        assert isinstance(found, shared_state.AsyncList)
    assert client.list("inner").copy() == [1, 2]


def test_it_passes_through_a_queue_and_a_pipe(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    client.queue("jobs").put(client.dict("inner"))
    client.pipe("pipe")[0].send(client.dict("inner"))
    for found in (other.queue("jobs").get(), other.pipe("pipe")[1].recv()):
        found["n"] = found.get("n", 0) + 1
    assert client.dict("inner")["n"] == 2


def test_it_is_found_by_comparing(client: shared_state.Client, other: shared_state.Client) -> None:
    items = client.list("items")
    items.extend([other.dict("a"), client.dict("b")])
    assert items.index(client.dict("b")) == 1
    assert items.count(client.dict("c")) == 0
    client.dict("outer")["key"] = client.lock("l")
    assert client.dict("outer").compare_and_set("key", other.lock("l"), "new") is True


def test_it_may_contain_itself(client: shared_state.Client) -> None:
    outer = client.dict("outer")
    outer["self"] = outer
    outer["self"]["self"]["n"] = 1
    assert outer["n"] == 1
    assert str(outer).startswith("{'self': <shared dict 'outer' at ")


def test_using_one_that_was_deleted_is_a_clear_error_and_makes_no_new_one(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    client.dict("outer")["key"] = client.dict("inner")
    found = client.dict("outer")["key"]
    other.delete("inner")
    for use in (
        lambda: found.set("n", 1),
        lambda: found["n"],
        lambda: len(found),
        lambda: [*found],
    ):
        with pytest.raises(ObjectNotFound, match="'inner'"):
            use()
    assert [info.name for info in client.objects()] == ["outer"]


async def test_using_one_that_was_deleted_is_a_clear_error_for_tasks_too(
    server: ThreadServer, other: shared_state.Client
) -> None:
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as state:
        other.list("items").append(other.queue("jobs"))
        found = await state.list("items").get(0)
        other.delete("jobs")
        with pytest.raises(ObjectNotFound, match="'jobs'"):
            await found.get()


def test_a_name_that_is_of_another_type_by_now_is_a_clear_error(
    client: shared_state.Client,
) -> None:
    client.dict("outer")["key"] = client.dict("inner")
    client.delete("inner")
    client.list("inner")
    with pytest.raises(shared_state.TypeMismatch):
        client.dict("outer")["key"]["n"] = 1


def test_an_object_of_another_server_is_refused(
    either: Either, settings: Settings, server: ThreadServer
) -> None:
    elsewhere = ThreadServer(settings).start()
    try:
        with elsewhere.connect() as far:
            refused = pytest.raises(EncodingError, match=r"<shared lock 'l' at .* where it lives")
            with refused:
                either.dict("outer").set("key", far.lock("l"))
            with refused:
                either.list("items").append([1, {"deep": far.lock("l")}])
            with refused:
                either.queue("jobs").put(far.lock("l"))
            assert [info.size for info in either.objects()] == [0, 0, 0]
    finally:
        elsewhere.stop()


async def test_an_object_of_another_server_is_refused_for_tasks_too(
    server: ThreadServer, settings: Settings
) -> None:
    elsewhere, key = ThreadServer(settings).start(), settings.authkey
    async with (
        shared_state.connect_async(server.address, authkey=key) as near,
        shared_state.connect_async(elsewhere.address, authkey=key) as far,
    ):
        for inner in (far.dict("inner"), far.queue("jobs")):
            with pytest.raises(EncodingError, match="where it lives"):
                await near.dict("outer").set("key", inner)
        assert await near.dict("outer").size() == 0
    elsewhere.stop()


def test_one_server_is_the_same_by_whatever_address(
    server: ThreadServer, client: shared_state.Client
) -> None:
    _, port = server.address
    key = server.settings.authkey
    for address in (f"tcp://localhost:{port}", f"unix://{server.unix_path}"):
        with shared_state.connect(address, authkey=key) as there:
            assert str(there.address) != str(client.address)
            client.dict("outer")["key"] = there.list("inner")
            assert client.dict("outer")["key"] == client.list("inner")


def test_the_end_of_a_pipe_is_no_shared_object(client: shared_state.Client) -> None:
    with pytest.raises(shared_state.EncodingError):
        client.dict("outer")["key"] = client.pipe("pipe")[0]
