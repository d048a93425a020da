"""Pipe through both clients: two ends, the end of it, and a buffer that has its bounds."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

import shared_state
from shared_state import ObjectNotFound

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

SHORT_S = 0.02
"""For a wait that is to end without having got anything."""

KIB = 1024
BUFFER_KIB = 1024
"""What may wait in each direction: 1 MiB."""

VALUES = [None, 0, "text", b"bytes", {"nested": [1, (2, 3)]}, 2**100]


# Sending and receiving


def test_each_end_receives_what_the_other_sent_in_order(
    either: Either, other: shared_state.Client
) -> None:
    first, _ = either.pipe("pipe")
    _, second = other.pipe("pipe")
    for value in VALUES:
        first.send(value)
        second.send([value])
    assert [second.recv() for _ in VALUES] == VALUES
    assert [first.recv() for _ in VALUES] == [[value] for value in VALUES]


def test_who_receives_waits_for_a_value(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    first, _ = either.pipe("pipe")
    _, second = other.pipe("pipe")
    receiving = threads.submit(first.recv)
    until(lambda: waiting(other, "pipe") == 1)
    second.send("value")
    assert receiving.result(LONG_S) == "value"


def test_bytes_are_sent_as_connection_sends_them(either: Either) -> None:
    first, second = either.pipe("pipe")
    first.send_bytes(bytearray(b"abcdef"))
    first.send_bytes(b"abcdef", 2)
    first.send_bytes(memoryview(b"abcdef"), 1, 3)
    first.send_bytes(b"")
    assert [second.recv_bytes() for _ in range(4)] == [b"abcdef", b"cdef", b"bcd", b""]
    for bad in ((-1,), (7,), (0, 7), (4, 3), (0, -1)):
        with pytest.raises(ValueError, match="buffer length"):
            first.send_bytes(b"abcdef", *bad)
    with pytest.raises(TypeError):
        first.send_bytes("text")
    assert second.poll() is False


def test_bytes_that_are_longer_than_expected_are_an_error(either: Either) -> None:
    first, second = either.pipe("pipe")
    first.send_bytes(b"abcdef")
    with pytest.raises(OSError, match="bad message length"):
        second.recv_bytes(5)


def test_poll_tells_whether_there_is_something(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    first, _ = either.pipe("pipe")
    _, second = other.pipe("pipe")
    assert first.poll() is False
    assert first.poll(SHORT_S) is False
    polling = [threads.submit(first.poll, timeout) for timeout in (None, LONG_S)]
    until(lambda: waiting(other, "pipe") == 2)
    second.send("value")
    assert [each.result(LONG_S) for each in polling] == [True, True]
    assert first.poll() is True
    assert first.recv() == "value"
    assert first.poll() is False


# One way


def test_a_pipe_that_is_not_duplex_has_one_direction(either: Either) -> None:
    first, second = either.pipe("pipe", duplex=False)
    second.send("value")
    assert first.recv() == "value"
    for send, value in ((first.send, "x"), (first.send_bytes, b"x")):
        with pytest.raises(OSError, match="read-only"):
            send(value)
    for wrong_way in (second.recv, second.recv_bytes, second.poll):
        with pytest.raises(OSError, match="write-only"):
            wrong_way()
    assert first.poll() is False
    assert (first.readable, first.writable) == (True, False)
    assert (second.readable, second.writable) == (False, True)


# The end


def test_what_was_sent_before_the_end_is_received_and_then_it_is_the_end(
    either: Either, other: shared_state.Client
) -> None:
    first, _ = either.pipe("pipe")
    _, second = other.pipe("pipe")
    second.send("a")
    second.send_bytes(b"b")
    second.close()
    assert first.recv() == "a"
    assert first.recv_bytes() == b"b"
    for at_the_end in (first.recv, first.recv_bytes, first.recv):
        with pytest.raises(EOFError):
            at_the_end()
    assert first.poll() is True  # as `Connection.poll` says it
    with pytest.raises(BrokenPipeError):
        first.send("x")


def test_who_waits_is_told_of_the_end(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    first, _ = either.pipe("pipe")
    _, second = other.pipe("pipe")
    assert second.poll() is False
    receiving, polling = threads.submit(first.recv), threads.submit(first.poll, None)
    until(lambda: waiting(other, "pipe") == 2)
    second.close()
    with pytest.raises(EOFError):
        receiving.result(LONG_S)
    assert polling.result(LONG_S) is True


def test_who_waits_for_room_is_told_of_the_end(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    first, _ = either.pipe("pipe")
    _, second = other.pipe("pipe")
    assert second.poll() is False
    first.send_bytes(bytes(BUFFER_KIB * KIB))
    sending = threads.submit(first.send, "x")
    until(lambda: waiting(other, "pipe") == 1)
    second.close()
    with pytest.raises(BrokenPipeError):
        sending.result(LONG_S)


def test_an_end_is_open_until_all_who_used_it_have_closed_it(
    either: Either, other: shared_state.Client, server: ThreadServer
) -> None:
    first, _ = either.pipe("pipe")
    with server.connect() as third:
        for each in (other, third):
            each.pipe("pipe")[1].send("value")
        other.pipe("pipe")[1].close()
        assert [first.recv(), first.recv()] == ["value", "value"]
        assert first.poll() is False
    with pytest.raises(EOFError):
        first.recv()


def test_a_closed_end_is_of_no_use(either: Either, other: shared_state.Client) -> None:
    first, second = either.pipe("pipe")
    first.send("value")
    first.close()
    first.close()
    assert first.closed is True
    for use in (lambda: first.send("x"), first.recv, first.poll, lambda: first.send_bytes(b"x")):
        with pytest.raises(OSError, match="handle is closed"):
            use()
    with pytest.raises(OSError, match="handle is closed"):
        other.pipe("pipe")[0].poll()
    assert second.recv() == "value"


def test_who_receives_at_an_end_that_is_closed_meanwhile_is_told(
    either: Either, threads: ThreadPoolExecutor, other: shared_state.Client
) -> None:
    first, _ = either.pipe("pipe")
    receiving, polling = threads.submit(first.recv), threads.submit(first.poll, None)
    until(lambda: waiting(other, "pipe") == 2)
    first.close()
    for each in (receiving, polling):
        with pytest.raises(OSError, match="handle is closed"):
            each.result(LONG_S)


def test_an_end_is_closed_at_the_end_of_a_with_block(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    first, _ = client.pipe("pipe")
    _, second = other.pipe("pipe")
    with first as entered:
        assert entered is first
    with pytest.raises(EOFError):
        second.recv()


async def test_an_end_is_closed_at_the_end_of_an_async_with_block(server: ThreadServer) -> None:
    key = server.settings.authkey
    async with (
        shared_state.connect_async(server.address, authkey=key) as one,
        shared_state.connect_async(server.address, authkey=key) as another,
    ):
        async with one.pipe("pipe")[0] as first:
            await first.send("value")
        second = another.pipe("pipe")[1]
        assert await second.recv() == "value"
        with pytest.raises(EOFError):
            await second.recv()


def test_who_waits_for_one_that_is_deleted_is_told(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    receiving = threads.submit(either.pipe("pipe")[0].recv)
    until(lambda: "pipe" in [info.name for info in other.objects()])
    until(lambda: waiting(other, "pipe") == 1)
    other.delete("pipe")
    with pytest.raises(ObjectNotFound):
        receiving.result(LONG_S)


# Backpressure


def test_a_sender_waits_for_room(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    first, _ = either.pipe("pipe")
    _, second = other.pipe("pipe")
    for _ in range(BUFFER_KIB // 256):
        first.send_bytes(bytes(256 * KIB))
    sending = threads.submit(first.send_bytes, b"one more")
    until(lambda: waiting(other, "pipe") == 1)
    second.send("the other direction has a buffer of its own")
    second.recv_bytes()
    assert sending.result(LONG_S) is None
    got = [second.recv_bytes() for _ in range(BUFFER_KIB // 256)]
    assert got[-1] == b"one more"


def test_senders_are_served_in_their_order(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    first, _ = either.pipe("pipe")
    _, second = other.pipe("pipe")
    first.send_bytes(b"there is room for more, but not for much more")
    sending: list[Future[None]] = []
    for number in range(4):
        size = 1 if number else BUFFER_KIB * KIB  # a small one must not overtake a large one
        sending.append(threads.submit(first.send_bytes, bytes([number]) * size))
        until(lambda: waiting(other, "pipe") == len(sending))
    second.recv_bytes()
    assert [second.recv_bytes()[0] for _ in sending] == [0, 1, 2, 3]
    for each in sending:
        each.result(LONG_S)


def test_a_message_may_be_larger_than_the_buffer(
    either: Either, other: shared_state.Client
) -> None:
    first, _ = either.pipe("pipe")
    _, second = other.pipe("pipe")
    large = bytes(3 * BUFFER_KIB * KIB)
    first.send(large)
    assert second.recv() == large
