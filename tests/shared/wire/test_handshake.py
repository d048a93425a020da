"""The handshake: who has the key is let in, and nobody who only listens, repeats or alters."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import ormsgpack
import pytest

from shared_state_protocol.errors import AuthenticationError, ProtocolError
from shared_state_protocol.wire import handshake
from shared_state_protocol.wire.handshake import (
    MAX_TEXT,
    VERSION,
    Hello,
    Welcome,
    greeting,
    read_greeting,
    read_hello,
    read_welcome,
    write_hello,
    write_welcome,
)

from .opening import CHANNEL, HELLO, KEY, OTHER_KEY, OTHER_NONCE, SERVER_NONCE, WELCOME

OTHER_CHANNEL = hashlib.sha256(b"the certificate of somebody else").digest()
HELLO_PAYLOAD = write_hello(KEY, SERVER_NONCE, CHANNEL, HELLO)
WELCOME_PAYLOAD = write_welcome(KEY, SERVER_NONCE, CHANNEL, HELLO_PAYLOAD, WELCOME)


def sealed_by_the_client(body: bytes) -> bytes:
    """Return the payload of a hello with any body, under a proof that is right."""
    proof = hmac.digest(
        KEY, b"shared-state 1 client proof\0" + SERVER_NONCE + CHANNEL + body, "sha256"
    )
    return ormsgpack.packb((body, proof))


def sealed_by_the_server(body: bytes) -> bytes:
    """Return the payload of a welcome with any body, under a proof that is right."""
    heard = hashlib.sha256(ormsgpack.unpackb(HELLO_PAYLOAD)[0]).digest()
    said = b"shared-state 1 server proof\0" + SERVER_NONCE + CHANNEL + heard + body
    return ormsgpack.packb((body, hmac.digest(KEY, said, "sha256")))


def hear_hello(payload: bytes, **changed: bytes) -> Hello:
    """Read a hello as the server that it was made for, but for what is `changed`."""
    given = {"key": KEY, "server_nonce": SERVER_NONCE, "channel": CHANNEL, **changed}
    return read_hello(payload=payload, **given)


def hear_welcome(payload: bytes, **changed: bytes) -> Welcome:
    """Read a welcome as the client that it was made for, but for what is `changed`."""
    given = {"key": KEY, "server_nonce": SERVER_NONCE, "channel": CHANNEL, "hello": HELLO_PAYLOAD}
    return read_welcome(payload=payload, **{**given, **changed})


# What has to work


def test_the_greeting_is_the_standard_librarys_challenge() -> None:
    assert greeting(SERVER_NONCE) == b"\0\0\0\x33#CHALLENGE#{sha256}" + SERVER_NONCE
    assert read_greeting(greeting(SERVER_NONCE)) == SERVER_NONCE
    assert len(greeting(SERVER_NONCE)) == handshake.GREETING_BYTES


def test_a_hello_and_a_welcome_are_heard_as_they_were_said() -> None:
    assert hear_hello(HELLO_PAYLOAD) == HELLO
    assert hear_welcome(WELCOME_PAYLOAD) == WELCOME


def test_the_proofs_are_what_the_document_says() -> None:
    body, _ = ormsgpack.unpackb(HELLO_PAYLOAD)
    assert sealed_by_the_client(body) == HELLO_PAYLOAD
    body, _ = ormsgpack.unpackb(WELCOME_PAYLOAD)
    assert sealed_by_the_server(body) == WELCOME_PAYLOAD


def test_the_key_is_in_nothing_that_is_sent() -> None:
    assert KEY not in HELLO_PAYLOAD + WELCOME_PAYLOAD


# Who has not the key


def test_another_key_is_refused_on_both_sides() -> None:
    with pytest.raises(AuthenticationError, match="another key"):
        hear_hello(HELLO_PAYLOAD, key=OTHER_KEY)
    with pytest.raises(AuthenticationError, match="could not prove"):
        hear_welcome(WELCOME_PAYLOAD, key=OTHER_KEY)


def test_a_hello_with_one_bit_changed_is_refused() -> None:
    assert list(accepted(hear_hello, HELLO_PAYLOAD)) == []


def test_a_welcome_with_one_bit_changed_is_refused() -> None:
    assert list(accepted(hear_welcome, WELCOME_PAYLOAD)) == []


def accepted(hear: Callable[[bytes], object], payload: bytes) -> Iterator[tuple[int, int]]:
    """Yield the position and number of each bit that can be changed without being noticed."""
    for position, bit in itertools.product(range(len(payload)), range(8)):
        try:
            hear(flipped(payload, position, 1 << bit))
        except (AuthenticationError, ProtocolError):
            continue
        yield position, bit


def flipped(data: bytes, position: int, bit: int) -> bytes:
    return data[:position] + bytes((data[position] ^ bit,)) + data[position + 1 :]


def test_a_recorded_hello_fits_no_other_connection() -> None:
    with pytest.raises(AuthenticationError):
        hear_hello(HELLO_PAYLOAD, server_nonce=OTHER_NONCE)


def test_a_recorded_welcome_fits_no_other_connection() -> None:
    with pytest.raises(AuthenticationError):
        hear_welcome(WELCOME_PAYLOAD, server_nonce=OTHER_NONCE)
    fresh = HELLO._replace(nonce=OTHER_NONCE)
    with pytest.raises(AuthenticationError):
        hear_welcome(WELCOME_PAYLOAD, hello=write_hello(KEY, SERVER_NONCE, CHANNEL, fresh))


def test_a_welcome_for_another_hello_is_refused() -> None:
    said = write_hello(KEY, SERVER_NONCE, CHANNEL, HELLO._replace(lane=2))
    with pytest.raises(AuthenticationError):
        hear_welcome(WELCOME_PAYLOAD, hello=said)


def test_a_proof_sent_back_proves_nothing() -> None:
    with pytest.raises(AuthenticationError):
        hear_welcome(HELLO_PAYLOAD)
    with pytest.raises(AuthenticationError):
        hear_hello(WELCOME_PAYLOAD)


def test_whoever_stands_between_with_another_certificate_is_refused() -> None:
    # A relay hands on every byte, but each side sees the certificate of its own connection.
    with pytest.raises(AuthenticationError):
        hear_hello(HELLO_PAYLOAD, channel=OTHER_CHANNEL)
    with pytest.raises(AuthenticationError):
        hear_welcome(WELCOME_PAYLOAD, channel=OTHER_CHANNEL)


def test_nothing_may_follow_what_was_sealed() -> None:
    with pytest.raises(AuthenticationError, match="says more"):
        hear_hello(HELLO_PAYLOAD + b"\0")
    with pytest.raises(ProtocolError, match="says more"):
        hear_welcome(WELCOME_PAYLOAD + b"\0")


def test_what_was_sealed_has_one_spelling() -> None:
    body, proof = ormsgpack.unpackb(HELLO_PAYLOAD)
    longer = b"\xdc\x00\x02" + ormsgpack.packb(body) + ormsgpack.packb(proof)
    assert ormsgpack.unpackb(longer) == [body, proof]
    with pytest.raises(AuthenticationError, match="another way"):
        hear_hello(longer)


# Who has the key and talks nonsense


@pytest.mark.parametrize(
    "payload", [b"", b"\xc0", b"\x01", b"\xa2ab", b"\x91\xc4\x00", b"\x92\x01\x02", b"\x92\xa0\xa0"]
)
def test_what_is_no_pair_of_body_and_proof_is_refused(payload: bytes) -> None:
    with pytest.raises(AuthenticationError):
        hear_hello(payload)
    with pytest.raises(ProtocolError):
        hear_welcome(payload)


@pytest.mark.parametrize(
    "body", [b"", b"\xc0", b"\x90", b"\xc1", ormsgpack.packb({"version": 1}), b"\x91" * 500]
)
def test_what_is_no_array_of_fields_is_refused(body: bytes) -> None:
    with pytest.raises(AuthenticationError):
        hear_hello(sealed_by_the_client(body))
    with pytest.raises(ProtocolError):
        hear_welcome(sealed_by_the_server(body))


@pytest.mark.parametrize(
    "changed",
    [
        {"version": VERSION + 1},
        {"version": True},
        {"user": b"default"},
        {"user": "u" * (MAX_TEXT + 1)},
        {"user": "line\nbreak"},
        {"nonce": b"short"},
        {"session": b""},
        {"lane": 0},
        {"lane": -1},
        {"resumes": 1},
        {"host": "h" * (MAX_TEXT + 1)},
        {"host": "a line of its own\nin the log"},
        {"pid": "4711"},
        {"thread": "t" * (MAX_TEXT + 1)},
        {"thread": None},
    ],
    ids=str,
)
def test_a_hello_with_an_impossible_field_is_refused(changed: dict[str, Any]) -> None:
    payload = write_hello(KEY, SERVER_NONCE, CHANNEL, HELLO._replace(**changed))
    with pytest.raises(AuthenticationError):
        hear_hello(payload)


def test_a_thread_may_be_called_anything() -> None:
    hello = HELLO._replace(thread="first line\nsecond line")
    assert hear_hello(write_hello(KEY, SERVER_NONCE, CHANNEL, hello)) == hello


@pytest.mark.parametrize(
    "changed",
    [
        {"version": VERSION + 1},
        {"instance": "text"},
        {"resumed": 0},
        {"unix_path": b"/run"},
        {"max_frame_bytes": 1.0},
    ],
    ids=str,
)
def test_a_welcome_with_an_impossible_field_is_refused(changed: dict[str, Any]) -> None:
    welcome = WELCOME._replace(**changed)
    with pytest.raises(ProtocolError):
        hear_welcome(write_welcome(KEY, SERVER_NONCE, CHANNEL, HELLO_PAYLOAD, welcome))


def test_fields_that_a_later_version_adds_are_passed_over() -> None:
    body = ormsgpack.packb((*HELLO, "a field of tomorrow"))
    assert hear_hello(sealed_by_the_client(body)) == HELLO
    body = ormsgpack.packb((*WELCOME, 1, 2, 3))
    assert hear_welcome(sealed_by_the_server(body)) == WELCOME


# Greetings


@pytest.mark.parametrize("length", range(handshake.GREETING_BYTES))
def test_a_part_of_a_greeting_is_no_nonce_yet(length: int) -> None:
    assert read_greeting(greeting(SERVER_NONCE)[:length]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\0\0\0\x1e#CHALLENGE#",  # the standard library of Python 3.11 and before
        b"\0\0\0\x3b#CHALLENGE#{sha256}",  # and after
        b"\0\0\0\x33#CHALLENGE#{sha512}",
        b"SHS1",
        greeting(SERVER_NONCE) + b"x",
    ],
)
def test_the_first_words_of_another_protocol_are_no_greeting(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="no shared-state server"):
        read_greeting(data)
