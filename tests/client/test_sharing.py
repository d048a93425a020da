"""Shared memory, seen from its client: that it is used, and that nothing of it is left."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import mmap
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import shared_state
from shared_state import sharing
from shared_state_protocol.errors import ProtocolError
from shared_state_protocol.wire.frames import SHARED, FrameReader, offer
from shared_state_protocol.wire.large import LARGE_BYTES

from ..fixtures.children import Children
from ..fixtures.servers import ProcessServer, ThreadServer
from ..fixtures.watching import LONG_S, until

pytestmark = pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="there is no memory without a name here"
)

VALUE = bytes(range(256)) * 4096
"""A megabyte."""

A_FEW_BYTES = 1024
"""Of headers and small requests, where a megabyte is shared."""

NAME = "memfd:shared-state"


def all_mappings() -> int:
    """Return how many arenas this process has in its memory."""
    return Path("/proc/self/maps").read_text().count(NAME)


def all_descriptors() -> int:
    """Return how many descriptors of arenas this process has."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # that of this very folder
            found += NAME in os.readlink(each)
    return found


class Before:
    """What there was before the test: other tests leave clients to the garbage collector."""

    mappings = descriptors = 0


@pytest.fixture(autouse=True)
def before() -> None:
    gc.collect()
    Before.mappings, Before.descriptors = all_mappings(), all_descriptors()


def mappings() -> int:
    """Return how many arenas this process has got since the test began."""
    return all_mappings() - Before.mappings


def descriptors() -> int:
    """Return how many descriptors of arenas it has got."""
    return all_descriptors() - Before.descriptors


class Traffic:
    """Counts the bytes that the blocking clients of this process send and receive."""

    def __init__(self) -> None:
        self.bytes = 0


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Traffic:
    counted, sock = Traffic(), socket.socket
    sendall, recv, recv_into = sock.sendall, sock.recv, sock.recv_into

    def send(self: socket.socket, data: bytes, flags: int = 0) -> None:
        counted.bytes += len(data)
        sendall(self, data)

    def receive(self: socket.socket, size: int) -> bytes:
        data = recv(self, size)
        counted.bytes += len(data)
        return data

    def receive_into(self: socket.socket, buffer: memoryview) -> int:
        size = recv_into(self, buffer)
        counted.bytes += size
        return size

    monkeypatch.setattr(sock, "sendall", send)
    monkeypatch.setattr(sock, "recv", receive)
    monkeypatch.setattr(sock, "recv_into", receive_into)
    return counted


# That it is used


def test_a_megabyte_does_not_go_over_the_socket(
    client: shared_state.Client, traffic: Traffic
) -> None:
    shared = client.dict("d")
    shared["k"] = VALUE  # makes the memory, and offers it
    traffic.bytes = 0
    for _ in range(3):
        shared["k"] = VALUE
        assert shared["k"] == VALUE
    assert traffic.bytes < A_FEW_BYTES


def test_who_only_reads_is_served_through_it_too(
    client: shared_state.Client, other: shared_state.Client, traffic: Traffic
) -> None:
    client.dict("d")["k"] = VALUE
    shared, jobs = other.dict("d"), client.queue("jobs")
    assert shared["k"] == VALUE
    for _ in range(3):
        jobs.put(VALUE)
    traffic.bytes = 0
    assert shared["k"] == VALUE
    assert [other.queue("jobs").get() for _ in range(3)] == [VALUE] * 3
    assert traffic.bytes < A_FEW_BYTES


def test_slices_of_arrays_are_shared(client: shared_state.Client, traffic: Traffic) -> None:
    items = client.array("a", "d", 1_000_000)
    assert not any(items.read())
    traffic.bytes = 0
    items[:10_000] = items[1:10_001]
    items.write(items.read())
    assert traffic.bytes < A_FEW_BYTES + 4 * 80_000  # the short slice is not worth the while


def test_what_is_small_goes_over_the_socket(client: shared_state.Client, traffic: Traffic) -> None:
    shared = client.dict("d")
    shared["k"] = bytes(LARGE_BYTES // 2)
    assert len(shared["k"]) == LARGE_BYTES // 2
    assert traffic.bytes > LARGE_BYTES
    assert not mappings()


def test_over_tcp_nothing_is_shared(server: ThreadServer, traffic: Traffic) -> None:
    with server.connect(same_host=False) as client:
        for _ in range(2):
            client.dict("d")["k"] = VALUE
            assert client.dict("d")["k"] == VALUE
        assert not mappings()
    assert traffic.bytes > 4 * len(VALUE)


async def test_an_async_client_shares_it_too(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[int] = []
    feed = FrameReader.feed

    def counting(self: FrameReader, data: bytes) -> Any:
        received.append(len(data))  # what client and server receive, who are in one process here
        return feed(self, data)

    monkeypatch.setattr(FrameReader, "feed", counting)
    key = server.settings.authkey
    async with shared_state.connect_async(server.address, authkey=key) as client:
        shared = client.dict("d")
        await shared.set("k", VALUE)
        await shared.get("k")
        received.clear()
        for _ in range(3):
            await shared.set("k", VALUE)
            assert await shared.get("k") == VALUE
        assert 0 < sum(received) < A_FEW_BYTES


# That it can be done without


@pytest.mark.parametrize(
    "lacks", [(os, "memfd_create"), (fcntl, "F_ADD_SEALS"), (sharing, "fcntl")]
)
def test_a_system_without_such_memory_uses_the_socket(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch, lacks: tuple[Any, str]
) -> None:
    monkeypatch.setattr(*lacks, None) if lacks[0] is sharing else monkeypatch.delattr(*lacks)
    with server.connect() as client:
        for _ in range(2):
            client.dict("d")["k"] = VALUE
            assert client.dict("d")["k"] == VALUE
    assert not mappings()


def refusing(number: int) -> Callable[..., Any]:
    """Return a function of the system that fails with this error."""

    def refuse(*arguments: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_process_without_descriptors_uses_the_socket(
    client: shared_state.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "memfd_create", refusing(errno.EMFILE))
    for _ in range(2):
        client.dict("d")["k"] = VALUE
        assert client.dict("d")["k"] == VALUE
    assert not descriptors()


@pytest.mark.parametrize("is_shared", [True, False])
def test_what_has_arrived_is_written_down_or_said(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch, is_shared: bool
) -> None:
    """Either way the server knows it of each item, once the client has closed."""
    if not is_shared:
        monkeypatch.delattr(os, "memfd_create")
    with server.connect() as producer:
        jobs = producer.queue("jobs")
        jobs.put_many([1, 2, 3])
        with server.connect() as consumer:
            assert [consumer.queue("jobs").get() for _ in range(3)] == [1, 2, 3]
            assert mappings() == 2 * is_shared  # the client's and the server's
        until(lambda: server.look(lambda service: len(service.sessions)) == 1)
        assert jobs.empty()


def test_memory_that_cannot_be_mapped_leaves_no_descriptor(
    client: shared_state.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmap, "mmap", refusing(errno.ENOMEM))
    client.dict("d")["k"] = VALUE
    assert client.dict("d")["k"] == VALUE
    assert not descriptors()


def test_what_a_server_says_of_memory_that_was_not_offered_is_refused() -> None:
    reader = FrameReader(1000)
    sharing.Sharing(reader, is_near=True)
    for said in ((SHARED | 5).to_bytes(4, "little"), offer(3)):
        with pytest.raises(ProtocolError):
            reader.feed(said)


# That nothing is left


def test_a_client_that_closes_leaves_nothing(server: ThreadServer) -> None:
    client = server.connect()
    client.dict("d")["k"] = VALUE
    client.dict("d")["k"] = VALUE
    assert mappings() == 2  # its own and the server's, who are in one process here
    assert descriptors() > 0
    client.close()
    until(lambda: mappings() == 0)
    assert descriptors() == 0


def keep_storing(state: shared_state.Client, parent: Connection) -> None:
    """Store and fetch large values until the end."""
    shared = state.dict("d")
    shared["k"] = VALUE
    parent.send("begun")
    for number in range(1 << 30):
        shared["k"] = VALUE[number % 256 :]
        assert shared["k"] == VALUE[number % 256 :]


def test_a_client_that_is_killed_leaves_nothing(server: ThreadServer, children: Children) -> None:
    for _ in range(3):
        child = children(keep_storing, server)
        child.hear()
        until(lambda: mappings() == 1)
        child.kill()
        until(lambda: mappings() == 0)
    assert descriptors() == 0
    with server.connect() as client:
        assert VALUE.endswith(client.dict("d")["k"])


def test_a_server_that_is_killed_leaves_nothing(process_server: ProcessServer) -> None:
    with process_server.connect(timeout=LONG_S) as client:
        shared = client.dict("d")
        for _ in range(2):
            shared["k"] = VALUE
        assert mappings() == 1
        process_server.kill()
        process_server.start()
        with pytest.raises(shared_state.StateLost):
            shared["k"] = VALUE
        assert mappings() == 0
        for _ in range(2):
            shared["k"] = VALUE
            assert shared["k"] == VALUE
        assert mappings() == 1
    until(lambda: mappings() == 0)


def use_inherited(client: shared_state.Client) -> None:
    """Store and fetch values of a fork's own, over connections of its own."""
    assert mappings() <= 0, "the memory of the parent is no memory of this process"
    shared = client.dict("d")
    for _ in range(20):
        shared["child"] = VALUE[::-1]
        assert shared["child"] == VALUE[::-1]


def test_a_fork_does_not_use_the_memory_of_its_parent(
    process_server: ProcessServer,
) -> None:
    with process_server.connect() as client:
        shared = client.dict("d")
        for _ in range(2):
            shared["k"] = VALUE
        child = multiprocessing.get_context("fork").Process(target=use_inherited, args=(client,))
        child.start()
        for _ in range(20):
            shared["k"] = VALUE
            assert shared["k"] == VALUE
        child.join(LONG_S)
        assert child.exitcode == 0


# That no call finds another's bytes


class Interrupted(BaseException):
    """What the signal handler raises."""


@pytest.fixture
def alarm() -> Iterator[None]:
    """Interrupt whatever runs of the product, until the end of the test.

    What measures coverage is left alone: it has a lock that it would never give back.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_globals["__name__"].startswith("shared_state"):
            raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("alarm")
def test_what_an_interrupted_call_has_left_is_nobody_elses(process_server: ProcessServer) -> None:
    interrupted = 0
    with process_server.connect() as client:
        shared = client.dict("d")
        shared["k"] = bytes(LARGE_BYTES * 2)
        for number in range(400):
            value = bytes([number % 256]) * (LARGE_BYTES * 2 + number)
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-5 * (1 + number % 60))
                try:
                    shared["k"] = value
                    found = shared["k"]
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Interrupted:
                interrupted += 1
                found = shared["k"]
            else:
                assert found == value
            assert found == found[:1] * len(found)
            assert len(found) % 256 in {found[0], 0}
    assert interrupted
