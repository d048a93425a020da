"""The standard library's wire, against the standard library's own functions."""

from __future__ import annotations

import pickle
from multiprocessing import AuthenticationError, connection
from typing import Any

import pytest

from shared_state_protocol.errors import ProtocolError
from shared_state_protocol.wire import stdlib as wire

KEY = b"a key"
NONCE = bytes(range(32))
theirs: Any = connection


class Told:
    """A connection of the standard library that has one message to read, and keeps what it says."""

    def __init__(self, *heard: bytes) -> None:
        self._heard = list(heard)
        self.said: list[bytes] = []

    def recv_bytes(self, maxlength: int) -> bytes:
        return self._heard.pop(0)

    def send_bytes(self, data: bytes) -> None:
        self.said.append(data)


def opened(key: bytes = KEY) -> tuple[wire.ServerOpening, bytes]:
    """Return an opening that has checked a standard client's answer, and what it said to it."""
    client = Told(wire.CHALLENGE + wire.challenge(NONCE), wire.WELCOME)
    theirs.answer_challenge(client, key)
    opening = wire.ServerOpening(KEY, NONCE)
    return opening, opening.receive(wire.frame(client.said[0]))


def test_a_standard_client_is_let_in_and_let_in_turn() -> None:
    opening, said = opened()
    assert said == wire.frame(wire.WELCOME)
    asks = Told()
    with pytest.raises(IndexError):  # it has asked, and nobody has answered yet
        theirs.deliver_challenge(asks, KEY)
    answer = opening.receive(wire.frame(asks.said[0]))
    wire.check_response(KEY, asks.said[0][len(wire.CHALLENGE) :], answer[4:])
    assert not opening.is_open
    assert opening.receive(wire.frame(wire.WELCOME) + b"more") == b""
    assert opening.is_open
    assert opening.rest == b"more"


def test_a_standard_client_with_another_key_is_refused() -> None:
    with pytest.raises(AuthenticationError):
        opened(b"another key")


@pytest.mark.parametrize("size", [16, 20])
def test_an_older_challenge_is_answered_with_a_bare_md5(size: int) -> None:
    message = bytes(size)
    answer = wire.response(KEY, message)
    assert len(answer) == 16
    wire.check_response(KEY, message, answer)


def test_a_challenge_that_names_a_digest_is_answered_with_that() -> None:
    answer = wire.response(KEY, wire.challenge(NONCE))
    assert answer.startswith(wire.DIGEST)
    wire.check_response(KEY, wire.challenge(NONCE), answer)
    with pytest.raises(AuthenticationError, match="wrong"):
        wire.check_response(KEY, wire.challenge(NONCE[::-1]), answer)


@pytest.mark.parametrize("answer", [b"", b"{sha256", b"{crc32}1234", b"x" * 100])
def test_an_answer_that_is_none_is_refused(answer: bytes) -> None:
    with pytest.raises(AuthenticationError):
        wire.check_response(KEY, wire.challenge(NONCE), answer)


def test_more_than_a_handshake_is_refused_before_it_is_kept() -> None:
    opening = wire.ServerOpening(KEY, NONCE)
    with pytest.raises(AuthenticationError, match="more than a handshake"):
        opening.receive((wire.MAX_HANDSHAKE_BYTES + 1).to_bytes(4, "big"))


PAYLOADS = [b"", b"x", pickle.dumps(("id", "get", (), {})), bytes(300)]


def test_frames_are_cut_the_same_wherever_they_are_cut_themselves() -> None:
    stream = b"".join(map(wire.frame, PAYLOADS))
    for cut in range(len(stream) + 1):
        reader = wire.FrameReader(1000)
        assert reader.feed(stream[:cut]) + reader.feed(stream[cut:]) == PAYLOADS
    reader = wire.FrameReader(1000)
    assert [each for byte in stream for each in reader.feed(bytes([byte]))] == PAYLOADS


def test_the_longer_form_of_a_length_is_read_too() -> None:
    reader = wire.FrameReader(1000)
    assert reader.feed(b"\xff\xff\xff\xff" + (3).to_bytes(8, "big") + b"ab") == []
    assert reader.feed(b"c") == [b"abc"]


@pytest.mark.parametrize("head", [(1001).to_bytes(4, "big"), b"\xff\xff\xff\xfe", b"\xff" * 12])
def test_a_frame_over_the_limit_is_refused_by_its_head(head: bytes) -> None:
    with pytest.raises(ProtocolError, match="at most 1000"):
        wire.FrameReader(1000).feed(head)
