"""Large frames over real sockets: none loses, adds or keeps a byte of its neighbours."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import cast

import pytest

from shared_state_protocol.wire import messages
from shared_state_protocol.wire.large import LARGE_BYTES
from shared_state_server import listener
from shared_state_server.connection import Connection
from shared_state_server.large_frame import READ_BYTES, LargeFrame
from shared_state_server.settings import Settings

from ..fixtures.servers import ThreadServer
from ..fixtures.strangers import Stranger

KEY = b"\xa1k"
VALUE = bytes(range(256)) * (LARGE_BYTES // 128)
"""Twice what makes a frame large."""


@pytest.fixture(params=["the loop of the server", "the loop of asyncio"])
def insider(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stranger]:
    """A stranger that has proved the key, and a dict ``d``."""
    if request.param == "the loop of asyncio":
        monkeypatch.setattr(listener, "_new_event_loop", asyncio.new_event_loop)
    server = ThreadServer(settings).start()
    with Stranger(server.address) as stranger:
        stranger.come_in(settings.authkey)
        assert stranger.ask("dict.open", "d") == [1, None]
        yield stranger
    server.stop()


class Still(asyncio.Transport):
    """A transport that does nothing."""

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        pass

    def is_closing(self) -> bool:
        return True


async def test_so_much_is_read_at_once_and_no_more_until_all_is_there() -> None:
    """What others have to wait while 64 MB arrive is a number of reads, each of so many bytes."""
    beginning = messages.request(1, 0, "dict.set", "d", (KEY, bytes(LARGE_BYTES)))[4:100]
    length = 8 * READ_BYTES + 1
    frame = LargeFrame(cast("Connection", None), Still(), beginning, length)
    sizes: list[int] = []
    while room := len(frame.get_buffer(-1)):
        sizes.append(room)
        frame.buffer_updated(room)
    assert sum(sizes) == length - len(beginning)
    assert max(sizes) == READ_BYTES


def test_large_and_small_frames_may_come_in_one_stream(insider: Stranger) -> None:
    stream = b"".join(
        [
            insider.request("dict.set", "d", KEY, VALUE),
            insider.request("dict.size", "d"),
            insider.request("dict.size", "d"),
            insider.request("dict.set", "d", KEY, VALUE[1:]),
            insider.request("dict.set", "d", b"\xa1l", VALUE[2:]),
            insider.request("dict.get", "d", KEY, False),
        ]
    )
    insider.say(stream)
    replies = insider.replies()
    found = [next(replies)[1] for _ in range(6)]
    assert found == [None, 1, 1, None, None, VALUE[1:]]


@pytest.mark.parametrize("place", [3, 4, 5, 30, 31, LARGE_BYTES, -1])
def test_a_large_frame_may_come_in_two_pieces(insider: Stranger, place: int) -> None:
    frame = insider.request("dict.set", "d", KEY, VALUE)
    insider.say(frame[:place])
    with Stranger(insider.sock.getpeername()) as other:
        assert other.hear_a_byte()  # the server has had a turn meanwhile
    insider.say(frame[place:])
    assert next(insider.replies()) == [2, None]
    assert insider.ask("dict.get", "d", KEY, False) == [3, VALUE]


def test_a_large_frame_that_ends_early_changes_nothing(insider: Stranger) -> None:
    insider.say(insider.request("dict.set", "d", KEY, VALUE)[:-1])
    insider.sock.shutdown(socket.SHUT_WR)
    assert insider.hear_out() == b""


def test_a_large_value_may_be_an_argument_of_anything(insider: Stranger) -> None:
    assert insider.ask("queue.open", "q", 0, None, None) == [2, None]
    assert insider.ask("queue.put", "q", VALUE, True, None) == [3, None]
    assert insider.ask("queue.get", "q", True, None) == [4, VALUE]
    assert insider.ask("value.open", "v", "i", 0) == [5, None]
    assert insider.ask("value.set", "v", VALUE)[2] == "TypeError"


def test_a_large_value_in_the_place_of_a_name_ends_the_connection(insider: Stranger) -> None:
    insider.say(insider.request("dict.size", VALUE))  # type: ignore[arg-type]  # that is the test
    assert insider.hear_out() == b""
