"""Values through both clients: what cannot travel, what is registered or pickled, shared objects.

That the codec loses nothing is in `tests/shared/test_codec.py`; here is what users meet.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import pytest

import shared_state
from shared_state.proxy import AsyncProxy, Proxy
from shared_state_protocol.codec import is_pickled
from shared_state_server.settings import Settings

from ..fixtures.clients import AsyncMadeBlocking, Either
from ..fixtures.servers import ThreadServer


class Secret:
    """Of no type that may travel, but of one that can be pickled."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.text == other.text

    __hash__ = None  # type: ignore[assignment]  # mutable


@shared_state.register
class Colour(Enum):
    RED = "r"
    BLUE = ["a", "list"]  # noqa: RUF012  # a value may be anything


@shared_state.register
@dataclass(frozen=True)
class Point:
    x: int
    colour: Colour


class Unregistered(Enum):
    ONE = 1


CANNOT_TRAVEL = [
    pytest.param(object(), "builtins.object", id="object"),
    pytest.param([1, {"a": (2, object())}], "builtins.object", id="inside"),
    pytest.param(Secret("x"), "Secret", id="class"),
    pytest.param(len, "builtin_function", id="function"),
    pytest.param(sys, "builtins.module", id="module"),
    pytest.param(Unregistered.ONE, "Unregistered", id="Enum"),
]


@pytest.mark.parametrize(("value", "kind"), CANNOT_TRAVEL)
def test_a_value_that_cannot_travel_is_refused_by_name_and_nothing_happens(
    either: Either, value: object, kind: str
) -> None:
    shared, items, jobs = either.dict("d"), either.list("l"), either.queue("q")
    calls: list[Callable[[], object]] = [
        lambda: shared.set("k", value),
        lambda: shared.setdefault("k", value),
        lambda: shared.update({"good": 1, "bad": value}),
        lambda: items.append(value),
        lambda: items.extend([1, value]),
        lambda: jobs.put(value),
        lambda: jobs.put_many([1, value]),
    ]
    for call in calls:
        with pytest.raises(shared_state.EncodingError, match=kind) as caught:
            call()
        assert isinstance(caught.value, TypeError)
        assert "pickle" in str(caught.value)
    assert (shared.copy(), items.copy(), jobs.qsize()) == ({}, [], 0)
    shared.set("k", "and goes on")
    assert shared.get("k") == "and goes on"


def test_a_value_that_contains_itself_is_refused(either: Either) -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(shared_state.EncodingError, match="containing itself"):
        either.list("l").append(value)
    assert either.list("l").size() == 0


# Registered classes


@pytest.mark.parametrize(
    "value",
    [Colour.RED, Colour.BLUE, Point(1, Colour.RED), {"p": [Point(2, Colour.BLUE)]}],
    ids=repr,
)
def test_a_registered_class_comes_back_as_itself(either: Either, value: Any) -> None:
    items = either.list("l")
    items.append(value)
    assert items.get(0) == value
    assert type(items.get(0)) is type(value)
    assert items.contains(value)
    items.remove(value)
    assert items.size() == 0


def test_a_registered_class_can_be_a_key(either: Either) -> None:
    shared = either.dict("d")
    shared.set(Point(1, Colour.RED), "found")
    shared.set(Colour.BLUE, "blue")
    assert shared.get(Point(1, Colour.RED)) == "found"
    assert shared.copy() == {Point(1, Colour.RED): "found", Colour.BLUE: "blue"}
    with pytest.raises(KeyError) as caught:
        shared.delete(Point(2, Colour.RED))
    assert caught.value.args == (Point(2, Colour.RED),)


def test_a_server_cannot_order_what_only_the_clients_know(either: Either) -> None:
    items = either.list("l")
    items.extend([Point(2, Colour.RED), Point(1, Colour.RED)])
    with pytest.raises(TypeError, match="sort with a key"):
        items.sort()
    items.sort(key=lambda point: point.x)
    assert [point.x for point in items.copy()] == [1, 2]


# Pickles


@pytest.fixture
def lenient(settings: Settings) -> Iterator[ThreadServer]:
    """A server that keeps pickles."""
    running = ThreadServer(replace(settings, allow_pickle=True)).start()
    yield running
    running.stop()


VALUES = [Secret("x"), [Secret("x"), 1], Unregistered.ONE, int]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_both_ends_may_agree_to_pickle(lenient: ThreadServer, value: object) -> None:
    with lenient.connect(pickle=True) as client:
        shared, items = client.dict("d"), client.list("l")
        shared["k"] = value
        items.extend(["plain", value])
        assert is_pickled(client.codec.encode(value))
        assert shared["k"] == value
        assert items == ["plain", value]
        assert items.index(value) == 1


def test_a_server_that_was_not_told_keeps_no_pickle(server: ThreadServer) -> None:
    with server.connect(pickle=True) as client:
        shared = client.dict("d")
        with pytest.raises(shared_state.EncodingError, match="--allow-pickle"):
            shared["k"] = Secret("x")
        assert shared == {}
        shared["k"] = "plain values go on"


def test_a_client_that_did_not_opt_in_sends_no_pickle(lenient: ThreadServer) -> None:
    with lenient.connect() as client, pytest.raises(shared_state.EncodingError, match="pickle"):
        client.dict("d")["k"] = Secret("x")


def test_a_client_that_did_not_opt_in_reads_no_pickle(lenient: ThreadServer) -> None:
    with lenient.connect(pickle=True) as writer, lenient.connect() as reader:
        writer.dict("d").update(pickled=Secret("x"), plain=1)
        shared = reader.dict("d")
        with pytest.raises(shared_state.DecodingError, match="opt in with pickle=True"):
            shared.get("pickled")
        with pytest.raises(shared_state.DecodingError):
            shared.copy()
        assert shared["plain"] == 1
        assert "pickled" in shared
        shared["pickled"] = "can be replaced"
        assert writer.dict("d") == {"pickled": "can be replaced", "plain": 1}


class Explosive:
    """Does something where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("the server has unpickled a value",))


def test_a_server_never_unpickles(lenient: ThreadServer) -> None:
    with lenient.connect(pickle=True) as client:
        items = client.list("l")
        items.append(Explosive())
        assert items.count("x") == 0
        assert "x" not in items
        items.append("x")
        assert items.index("x") == 1
        with pytest.raises(TypeError, match="only clients can read"):
            items.sort()
        with pytest.raises(TypeError, match="only clients can read"):
            client.priority_queue("p").put(Explosive())
        items.remove("x")
        del items[0]
        assert items == []


def test_a_pickle_cannot_be_a_key(lenient: ThreadServer) -> None:
    with lenient.connect(pickle=True) as client:
        shared = client.dict("d")
        with pytest.raises(shared_state.EncodingError, match="pickle"):
            shared[int] = 1
        assert shared == {}


# numpy


def test_arrays_and_their_scalars_come_back_as_they_were(either: Either) -> None:
    numpy = pytest.importorskip("numpy")
    items = either.list("l")
    array = numpy.arange(6, dtype="<i2").reshape(2, 3)
    items.extend([array, array[:, 1], numpy.float32(1.5), numpy.bool_(True)])
    first, column, real, truth = items.copy()
    for found, expected in ((first, array), (column, array[:, 1])):
        assert type(found) is numpy.ndarray
        assert found.dtype == expected.dtype
        assert found.tolist() == expected.tolist()
    assert (type(real), type(truth)) == (numpy.float32, numpy.bool_)
    assert items.index(array[:, 1].copy()) == 1
    assert items.index(1.5) == 2
    first[0, 0] = 7  # and may be written to


def test_an_array_of_python_objects_cannot_travel(either: Either) -> None:
    numpy = pytest.importorskip("numpy")
    with pytest.raises(shared_state.EncodingError):
        either.list("l").append(numpy.array([object()]))


# Shared objects in shared objects


@pytest.mark.parametrize("noun", ["dict", "list", "queue", "lock"])
def test_a_shared_object_in_a_shared_object_is_that_object(either: Either, noun: str) -> None:
    shared, items = either.dict("d"), either.list("l")
    inner: Any = getattr(either, noun)("inner")
    is_async = isinstance(either, AsyncMadeBlocking)
    if is_async:
        inner = inner._target
    shared.set("k", [inner])
    items.append(inner)
    for found in (shared.get("k")[0], items.get(0)):
        assert isinstance(found, AsyncProxy if is_async else Proxy)
        assert type(found) is type(inner)
        assert found.name == "inner"


def test_what_is_done_to_a_nested_object_is_seen_by_all(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    client.dict("users")["anna"] = client.dict("anna")
    client.dict("users")["anna"]["age"] = 5
    other.dict("users")["anna"]["age"] += 1
    assert client.dict("anna") == {"age": 6}
    assert other.dict("users").copy() == {"anna": other.dict("anna")}
    assert client.dict("anna") in client.dict("users").values()


def test_a_shared_object_may_be_compared_and_be_a_key(client: shared_state.Client) -> None:
    lock, items, shared = client.lock("lock"), client.list("l"), client.dict("d")
    items.extend([client.lock("other"), lock])
    assert items.index(client.lock("lock")) == 1
    shared[lock] = "the lock's"
    assert shared[client.lock("lock")] == "the lock's"


async def test_both_clients_give_the_same_object_their_own_class(
    server: ThreadServer, client: shared_state.Client
) -> None:
    client.dict("d")["lock"] = client.lock("lock")
    client.lock("lock").acquire()
    async with shared_state.connect_async(server.address, authkey=server.settings.authkey) as state:
        lock = await state.dict("d")["lock"]
        assert isinstance(lock, shared_state.AsyncLock)
        assert await lock.locked()
