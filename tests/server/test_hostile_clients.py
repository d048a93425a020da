"""Clients that have the key and break the rules, over real sockets.

A call that is wrong is answered with an error and the connection goes on; a message that is none
ends the connection. Either way nothing changes, and others do not notice.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import ormsgpack
import pytest

from shared_state_protocol.limits import MAX_NODES
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.frames import HEADER_BYTES, frame
from tests.fixtures.servers import ThreadServer
from tests.fixtures.strangers import PATIENCE_S, Stranger

pytestmark = pytest.mark.usefixtures("each_loop")

MIB = 1 << 20
KEY = b"\xa1k"
"""The encoded key ``"k"``."""


@pytest.fixture
def insider(server: ThreadServer) -> Iterator[Stranger]:
    """A stranger that has proved the key, and a dict ``d`` with one pair."""
    with Stranger(server.address) as stranger:
        stranger.come_in(server.settings.authkey)
        assert stranger.ask("dict.open", "d") == [1, None]
        assert stranger.ask("dict.set", "d", KEY, b"\x01") == [2, None]
        yield stranger


def check_nothing_changed(server: ThreadServer) -> None:
    """Look at the server through a client of its own."""
    with server.connect() as client:
        assert [(info.name, info.size) for info in client.objects()] == [("d", 1)]
        assert client.dict("d")["k"] == 1


# Calls that are wrong


@pytest.mark.parametrize(
    ("wire", "name", "arguments", "error"),
    [
        ("dict.explode", "d", (), "ProtocolError"),
        ("", "d", (), "ProtocolError"),
        ("dict.__class__", "d", (), "ProtocolError"),
        ("dict.get", "d", (), "ProtocolError"),
        ("dict.get", "d", (KEY, False, 1), "ProtocolError"),
        ("dict.get", "d", ("text", False), "ProtocolError"),
        ("dict.get", "d", (KEY, 0), "ProtocolError"),
        ("dict.set", "d", (KEY, None), "ProtocolError"),
        ("dict.update", "d", ([[KEY]],), "ProtocolError"),
        ("dict.update", "d", ({"k": b"\x01"},), "ProtocolError"),
        ("dict.set", "d", (b"\x01\x01", b"\x01"), "DecodingError"),
        ("dict.set", "d", (KEY, b"\xc1a pickle"), "EncodingError"),
        ("dict.set", "d", (b"\x90", b"\x01"), "EncodingError"),
        ("dict.set", "no such dict", (KEY, b"\x01"), "ObjectNotFound"),
        ("dict.set", "", (KEY, b"\x01"), "TypeMismatch"),
        ("list.append", "d", (b"\x01",), "TypeMismatch"),
        ("list.open", "d", (), "TypeMismatch"),
        ("dict.open", "", (), "TypeMismatch"),
        ("dict.open", "n" * 256, (), "InvalidName"),
        ("dict.open", "a\nb", (), "InvalidName"),
        ("state.next_portion", "", (12345,), "LimitExceeded"),
    ],
)
def test_a_wrong_call_is_answered_with_an_error(  # a row of the table above
    server: ThreadServer,
    insider: Stranger,
    caplog: pytest.LogCaptureFixture,
    wire: str,
    name: str,
    arguments: tuple[Any, ...],
    error: str,
) -> None:
    number, result, named, _ = insider.ask(wire, name, *arguments)
    assert (number, result, named) == (3, None, error)
    assert insider.ask("dict.get", "d", KEY, False) == [4, b"\x01"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    check_nothing_changed(server)


@pytest.mark.parametrize(
    "call", [("x" * MIB, "d"), ("dict.size", "x" * MIB), ("dict.open", "x" * MIB)]
)
def test_a_long_text_is_not_told_back_in_full(insider: Stranger, call: tuple[str, str]) -> None:
    _, _, _, [told] = insider.ask(*call)
    assert len(told) < 400


# Messages that are none


def nested(depth: int) -> bytes:
    return b"\x95\x03\x00\xa8dict.get\xa1d" + b"\x91" * depth + b"\xc0"


ILLEGAL = {
    "nothing": b"",
    "nil": b"\xc0",
    "a number": b"\x03",
    "a map": ormsgpack.packb({"number": 3}),
    "an empty array": b"\x90",
    "too few parts": ormsgpack.packb((3, 0, "dict.open")),
    "a number that is text": ormsgpack.packb(("3", 0, "dict.open", "never")),
    "a number that is true": ormsgpack.packb((True, 0, "dict.open", "never")),
    "a number below zero": ormsgpack.packb((-1, 0, "dict.open", "never")),
    "a number with a fraction": ormsgpack.packb((3.0, 0, "dict.open", "never")),
    "no acknowledgement": ormsgpack.packb((3, None, "dict.open", "never")),
    "an operation that is bytes": ormsgpack.packb((3, 0, b"dict.open", "never")),
    "a name that is a number": ormsgpack.packb((3, 0, "dict.open", 1)),
    "an unknown notice": ormsgpack.packb((0, 0, "explode", "", 1)),
    "a notice as long as a novel": ormsgpack.packb((0, 0, "secret" * MIB, "", 1)),
    "a notice of no number": ormsgpack.packb((0, 0, messages.CANCEL, "")),
    "a notice of a text": ormsgpack.packb((0, 0, messages.CANCEL, "", "1")),
    "a request that was acknowledged": ormsgpack.packb((1, 0, "dict.open", "never")),
    "half a message": ormsgpack.packb((3, 0, "dict.open", "never"))[:-2],
    "text that is no UTF-8": b"\x94\x03\x00\xa9dict.open\xa2\xff\xff",
    "an extension": b"\x95\x03\x00\xa9dict.open\xa1n\xd4\x01\x00",
    "an enormous array": b"\xdd\xff\xff\xff\xff",
    "an enormous map": b"\x95\x03\x00\xa9dict.open\xa1n\xdf\xff\xff\xff\xff",
    "deep nesting": nested(5000),
    "deep nesting beyond a mebibyte": nested(2 * MIB),
    "a million values and one": b"\x95\x03\x00\xa9dict.open\xa1n"
    + b"\xdd"
    + MAX_NODES.to_bytes(4, "big")
    + b"\x90" * MAX_NODES,
}


@pytest.mark.parametrize("illegal", ILLEGAL)
def test_what_is_no_message_ends_the_connection(
    server: ThreadServer, insider: Stranger, caplog: pytest.LogCaptureFixture, illegal: str
) -> None:
    insider.say(messages.request(3, 2, "dict.size", "d", ()))
    assert next(insider.replies()) == [3, 1]
    caplog.clear()
    insider.say(frame(ILLEGAL[illegal]) + messages.request(4, 0, "dict.open", "never", ()))
    assert insider.hear_out() == b""
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].exc_info is None
    assert warnings[0].getMessage().startswith("cut off a client from 127.0.0.1: ")
    assert len(warnings[0].getMessage()) < 200
    assert "secret" not in caplog.text
    check_nothing_changed(server)


def test_a_frame_over_the_limit_is_refused_at_its_header(
    server: ThreadServer, insider: Stranger, caplog: pytest.LogCaptureFixture
) -> None:
    insider.say((server.settings.max_frame_bytes + 1).to_bytes(HEADER_BYTES, "little"))
    assert insider.hear_out() == b""
    assert "over the limit" in caplog.text
    check_nothing_changed(server)


def test_a_bomb_is_refused_before_anything_is_made_of_it(
    server: ThreadServer, insider: Stranger
) -> None:
    bomb = frame(b"\xdd" + (8 * MIB).to_bytes(4, "big") + b"\x90" * (8 * MIB))
    tracemalloc.start()
    try:
        insider.say(bomb)
        assert insider.hear_out() == b""
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # It asks for 512 MiB. It is received in pieces, joined, cut out, and counted in a copy.
    assert peak < 5 * len(bomb)
    check_nothing_changed(server)


def test_a_client_that_never_reads_is_cut_off_and_costs_little(
    server: ThreadServer, insider: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_state_server.connection.STALLED_READER_TIMEOUT_S", 0.5)
    assert insider.ask("dict.set", "d", KEY, bytes(MIB)) == [3, None]
    tracemalloc.start()
    try:
        with logged("it does not read its replies") as cut_off:
            insider.say(b"".join(insider.request("dict.get", "d", KEY, False) for _ in range(1000)))
            with server.connect() as other:
                assert other.dict("d").size() == 1
            assert cut_off.wait(PATIENCE_S)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * MIB  # of the 1,000 MiB that it asked for
    assert len(insider.hear_out()) < 16 * MIB  # what the kernel had taken, and no more


@contextlib.contextmanager
def logged(text: str) -> Iterator[threading.Event]:
    """Set an event when the server logs `text`."""
    event = threading.Event()

    def look(record: logging.LogRecord) -> bool:
        if text in record.getMessage():
            event.set()
        return True

    logger = logging.getLogger("shared_state_server.connection")
    logger.addFilter(look)
    try:
        yield event
    finally:
        logger.removeFilter(look)


def test_a_request_that_ends_early_changes_nothing(server: ThreadServer, insider: Stranger) -> None:
    insider.say(insider.request("dict.set", "d", KEY, b"\x02")[:-1])
    insider.sock.shutdown(socket.SHUT_WR)
    assert insider.hear_out() == b""
    check_nothing_changed(server)


def test_a_request_may_come_a_byte_at_a_time(server: ThreadServer, insider: Stranger) -> None:
    for byte in insider.request("dict.get", "d", KEY, False):
        insider.say(bytes((byte,)))
    assert next(insider.replies()) == [3, b"\x01"]


def test_a_value_is_stored_unread(server: ThreadServer, insider: Stranger) -> None:
    nonsense = b"\xff\xfe no value at all"
    assert insider.ask("dict.set", "d", KEY, nonsense) == [3, None]
    assert insider.ask("dict.get", "d", KEY, False) == [4, nonsense]
