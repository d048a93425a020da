"""Openings: a client's side tied to a server's, without a socket; both states after each send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol.errors import AuthenticationError, ProtocolError
from shared_state_protocol.wire import stdlib
from shared_state_protocol.wire.connection import MAX_HELLO_BYTES, ClientOpening, ServerOpening
from shared_state_protocol.wire.frames import HEADER_BYTES
from shared_state_protocol.wire.handshake import GREETING_BYTES, MAGIC, REFUSAL, Hello, Welcome

from .cuts import cut, cuts, one_by_one
from .opening import (
    HELLO,
    OTHER_KEY,
    OTHER_NONCE,
    WELCOME,
    client_opening,
    server_opening,
)

OTHER_CHANNEL = b"c" * 32

GREETING = server_opening().greeting
SAID_HELLO = client_opening().receive(GREETING)


def accepting_server() -> ServerOpening:
    """Return a server's side that has heard the hello of `client_opening`."""
    server = server_opening()
    assert server.receive(SAID_HELLO) == HELLO
    return server


SAID_WELCOME = accepting_server().accept(WELCOME)


def greeted_client() -> ClientOpening:
    """Return a client's side that has said hello."""
    client = client_opening()
    assert client.receive(GREETING) == SAID_HELLO
    return client


# The tied pair


def test_a_client_and_a_server_open_the_wire_between_them() -> None:
    server, client = server_opening(), client_opening()
    assert (server.rest, client.welcome) == (b"", None)

    hello = client.receive(server.greeting)
    assert hello.startswith(MAGIC)
    assert client.welcome is None  # it has said hello and waits

    heard = server.receive(hello)
    assert heard == HELLO
    assert server.rest == b""
    assert client.welcome is None

    assert client.receive(server.accept(WELCOME)) == b""  # there is nothing more to say
    assert client.welcome == WELCOME


@given(cuts, cuts, cuts)
def test_it_opens_however_the_bytes_are_cut(
    greeting: list[int], hello: list[int], welcome: list[int]
) -> None:
    server, client = server_opening(), client_opening()
    said = b"".join(client.receive(piece) for piece in cut(server.greeting, greeting))
    heard = [server.receive(piece) for piece in cut(said, hello)]
    assert [each for each in heard if each is not None] == [HELLO]
    for piece in cut(server.accept(WELCOME), welcome):
        assert client.receive(piece) == b""
    assert client.welcome == WELCOME


def test_it_opens_a_byte_at_a_time() -> None:
    server, client = server_opening(), client_opening()
    answers = [client.receive(byte) for byte in one_by_one(server.greeting)]
    assert answers[:-1] == [b""] * (GREETING_BYTES - 1)

    heard = [server.receive(byte) for byte in one_by_one(answers[-1])]
    assert heard == [None] * (len(answers[-1]) - 1) + [HELLO]

    welcomes: list[Welcome | None] = []
    for byte in one_by_one(server.accept(WELCOME)):
        assert client.receive(byte) == b""
        welcomes.append(client.welcome)
    assert welcomes == [None] * (len(welcomes) - 1) + [WELCOME]


@given(st.binary(max_size=200), cuts)
def test_what_follows_the_hello_is_kept_for_the_open_connection(
    requests: bytes, places: list[int]
) -> None:
    server = server_opening()
    pieces = list(cut(SAID_HELLO + requests, places))
    heard: Hello | None = None
    while heard is None:
        heard = server.receive(pieces.pop(0))
    assert server.rest + b"".join(pieces) == requests


def test_a_hello_waits_for_its_last_byte() -> None:
    server = server_opening()
    assert server.receive(SAID_HELLO[:-1]) is None
    assert server.receive(SAID_HELLO[-1:]) == HELLO


# Peers that have no key, or stand in between


def test_a_server_with_another_key_refuses() -> None:
    with pytest.raises(AuthenticationError):
        server_opening(key=OTHER_KEY).receive(SAID_HELLO)


def test_a_client_with_another_key_refuses() -> None:
    client = client_opening(key=OTHER_KEY)
    client.receive(GREETING)
    with pytest.raises(AuthenticationError):
        client.receive(SAID_WELCOME)


def test_a_hello_that_was_recorded_is_refused_at_the_next_connection() -> None:
    with pytest.raises(AuthenticationError):
        server_opening(nonce=OTHER_NONCE).receive(SAID_HELLO)


def test_a_hello_under_another_certificate_is_refused() -> None:
    relayed = client_opening(channel=OTHER_CHANNEL).receive(GREETING)
    with pytest.raises(AuthenticationError):
        server_opening().receive(relayed)


def test_a_hello_that_is_sent_back_to_its_client_is_refused() -> None:
    with pytest.raises(AuthenticationError):
        greeted_client().receive(SAID_HELLO[len(MAGIC) :])


def test_a_client_that_is_greeted_with_its_own_words_refuses() -> None:
    with pytest.raises(ProtocolError):
        client_opening().receive(SAID_HELLO)


def test_no_bit_of_a_welcome_can_be_changed_on_its_way() -> None:
    assert [
        (position, bit)
        for position in range(len(SAID_WELCOME))
        for bit in range(8)
        if opens(flipped(SAID_WELCOME, position, 1 << bit))
    ] == []


def opens(welcome: bytes) -> bool:
    client = greeted_client()
    try:
        client.receive(welcome)
    except (AuthenticationError, ProtocolError):
        return False
    return client.welcome is not None


def flipped(data: bytes, position: int, bit: int) -> bytes:
    return data[:position] + bytes((data[position] ^ bit,)) + data[position + 1 :]


def test_nothing_follows_a_welcome() -> None:
    with pytest.raises(ProtocolError, match="more than a welcome"):
        greeted_client().receive(SAID_WELCOME + b"\0")


# Refusals


def test_a_refused_client_is_told_so() -> None:
    client = greeted_client()
    for byte in one_by_one(REFUSAL[:-1]):
        assert client.receive(byte) == b""
        assert client.welcome is None
    with pytest.raises(AuthenticationError, match="refused"):
        client.receive(REFUSAL[-1:])


def test_a_client_that_was_too_late_still_reads_the_greeting_first() -> None:
    client = client_opening()
    assert client.receive(GREETING + REFUSAL) == SAID_HELLO
    with pytest.raises(AuthenticationError, match="refused"):
        client.receive(b"")


# Peers that say too much, or something else


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",  # TLS
        b"\0\0\0\x14" + bytes(20),  # the standard library's answer
        b"SHS2",
        b"shs1",
        b"X",
    ],
)
def test_a_server_refuses_another_protocol_at_its_first_odd_byte(data: bytes) -> None:
    server = server_opening()
    odd = next(i for i in range(1, len(data) + 1) if not MAGIC.startswith(data[:i]))
    assert server.receive(data[: odd - 1]) is None
    with pytest.raises(AuthenticationError, match="another protocol"):
        server.receive(data[odd - 1 :])


def test_of_a_client_of_the_standard_library_it_is_said_how_to_let_it_in() -> None:
    answer = stdlib.frame(stdlib.response(b"any key", b"{sha256}" + bytes(20)))
    with pytest.raises(AuthenticationError, match=r"another protocol: .*--allow-stdlib-clients"):
        server_opening().receive(answer)
    with pytest.raises(AuthenticationError, match=r"another protocol$"):
        server_opening().receive(b"GET / HTTP/1.1")


@pytest.mark.parametrize("size", [MAX_HELLO_BYTES + 1, 1 << 31])
def test_a_length_over_the_budget_is_refused_before_anything_is_kept(size: int) -> None:
    header = size.to_bytes(HEADER_BYTES, "little")
    with pytest.raises(AuthenticationError, match="more than a hello"):
        server_opening().receive(MAGIC + header)
    with pytest.raises(ProtocolError, match="more than a welcome"):
        greeted_client().receive(header)


def test_a_hello_as_long_as_the_budget_is_read() -> None:
    header = MAX_HELLO_BYTES.to_bytes(HEADER_BYTES, "little")
    server = server_opening()
    assert server.receive(MAGIC + header + bytes(MAX_HELLO_BYTES - 1)) is None
    with pytest.raises(AuthenticationError):
        server.receive(b"\0")


def test_an_empty_hello_is_refused_at_once() -> None:
    with pytest.raises(AuthenticationError):
        server_opening().receive(MAGIC + bytes(HEADER_BYTES))


@given(st.binary(max_size=300), cuts)
def test_garbage_lets_nobody_in(data: bytes, places: list[int]) -> None:
    server = server_opening()
    try:
        heard = [server.receive(piece) for piece in cut(data, places)]
    except AuthenticationError:
        return
    assert set(heard) == {None}


@given(st.binary(max_size=300), cuts)
def test_garbage_opens_no_wire(data: bytes, places: list[int]) -> None:
    client = greeted_client()
    try:
        said = [client.receive(piece) for piece in cut(data, places)]
    except (AuthenticationError, ProtocolError):
        return
    assert set(said) == {b""}
    assert client.welcome is None
