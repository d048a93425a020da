"""Dict: who iterates sees one moment, whatever is written meanwhile, and leaves nothing behind."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import shared_state
from shared_state_server.streams import MAX_CURSORS

from ..fixtures.servers import ThreadServer

VALUE = "x" * 1000
MANY = 2000
"""Pairs with values of that size: some eight portions."""


@pytest.fixture
def big(client: shared_state.Client) -> dict[int, str]:
    """What the shared dict ``big`` holds."""
    content = {number: f"{number} {VALUE}" for number in range(MANY)}
    client.dict("big").update(content)
    return content


def rewrite(shared: Any) -> None:
    """Change everything that can be changed."""
    shared.update(dict.fromkeys(range(MANY), "changed"))
    shared.pop(MANY // 2)
    shared.set("new", "new")
    shared.clear()
    shared.update({0: "other"})


@pytest.mark.parametrize("read", [dict.items, dict.keys, dict.values], ids=lambda f: f.__name__)
def test_who_iterates_sees_one_moment_whatever_is_written(
    client: shared_state.Client,
    other: shared_state.Client,
    big: dict[int, str],
    read: Callable[[Any], Any],
) -> None:
    expected = list(read(big))
    view = getattr(client.dict("big"), read.__name__)()
    found: list[Any] = []
    for number, item in enumerate(view):
        found.append(item)
        if number in (0, MANY // 2):
            rewrite(other.dict("big"))
    assert found == expected
    assert len(view) == 1


async def test_an_async_reader_sees_one_moment_whatever_is_written(
    server: ThreadServer, other: shared_state.Client, big: dict[int, str]
) -> None:
    found: list[Any] = []
    async with shared_state.connect_async(server.address, authkey=server.settings.authkey) as state:
        async for item in state.dict("big").items():
            if not found:
                rewrite(other.dict("big"))
            found.append(item)
    assert found == list(big.items())


def test_every_copy_is_of_one_moment_while_another_client_writes(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    shared, keys = client.dict("d"), [f"{number} {VALUE}" for number in range(MANY // 2)]
    shared.update(dict.fromkeys(keys, 0))
    enough = threading.Event()

    def write() -> None:
        version = 0
        while not enough.is_set():
            version += 1
            other.dict("d").update(dict.fromkeys(keys, version))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [set(shared.copy().values()) for _ in range(20)]
    finally:
        enough.set()
        writer.join()
    assert [len(versions) for versions in seen] == [1] * len(seen)


def test_several_loops_over_one_dict_do_not_mix(
    client: shared_state.Client, big: dict[int, str]
) -> None:
    shared = client.dict("big")
    triples = zip(shared.items(), shared.items(), shared.values(), strict=True)
    assert list(triples) == [((k, v), (k, v), v) for k, v in big.items()]


def abandon(shared: Any, how: str) -> None:
    """Begin to read a big dict, and leave it."""
    pairs: Any = iter(shared.items())
    if how != "never begun":
        next(pairs)
    if how == "closed":
        pairs.close()
    if how == "in a cycle":
        cycle = [pairs]
        cycle.append(cycle)


@pytest.mark.parametrize("how", ["dropped", "closed", "never begun", "in a cycle"])
def test_a_loop_that_is_left_leaves_nothing_on_the_server(
    client: shared_state.Client, big: dict[int, str], how: str
) -> None:
    """Or the server would drop this reader, which rests longest, as one of too many."""
    shared = client.dict("big")
    reader = iter(shared.items())
    next(reader)
    for _ in range(MAX_CURSORS + 1):
        abandon(shared, how)
        if how == "in a cycle":
            gc.collect()
    assert len(list(reader)) == MANY - 1


async def test_an_async_loop_that_is_left_leaves_nothing_on_the_server(
    server: ThreadServer, big: dict[int, str]
) -> None:
    async with shared_state.connect_async(server.address, authkey=server.settings.authkey) as state:
        shared = state.dict("big")
        reader = shared.items()
        rest = len([await anext(reader)])
        for _ in range(MAX_CURSORS + 1):
            async for _ in shared.items():
                break
            await state.ping()
        async for _ in reader:
            rest += 1
    assert rest == MANY


class Collecting:
    """A socket that has garbage collected before it receives."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def recv_into(self, buffer: bytearray) -> int:
        gc.collect()
        return self._sock.recv_into(buffer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


@pytest.fixture
def no_collection() -> Iterator[None]:
    """No garbage is collected but where the test says so."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
def test_a_loop_may_be_collected_in_the_middle_of_another_call(
    client: shared_state.Client, big: dict[int, str]
) -> None:
    """What closes the loop must not take the reply that the call is about to read."""
    shared: Any = client.dict("big")
    abandon(shared, "in a cycle")
    lane: Any = client._lane()
    lane._socket = Collecting(lane._socket)
    assert shared[5] == big[5]
    assert shared[6] == big[6]
