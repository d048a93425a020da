"""Peers that have no key, over real sockets: they get one constant answer, and cost nobody else."""

from __future__ import annotations

import logging
import multiprocessing
import socket
import threading
from collections.abc import Callable
from multiprocessing.connection import Client as StandardClient
from multiprocessing.managers import BaseManager

import pytest

import shared_state
from shared_state_protocol.wire import handshake
from shared_state_protocol.wire.connection import MAX_HELLO_BYTES
from shared_state_protocol.wire.frames import HEADER_BYTES, frame
from shared_state_protocol.wire.handshake import GREETING_BYTES, MAGIC, NO_CHANNEL, REFUSAL
from tests.fixtures.servers import ThreadServer
from tests.fixtures.strangers import Stranger
from tests.shared.wire.opening import HELLO, OTHER_NONCE

pytestmark = pytest.mark.usefixtures("each_loop")

SHORT_TIMEOUT_S = 0.2
"""In place of the handshake's five seconds, where a test waits for it to pass."""

SILENT_PEERS = 300


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have servers give a handshake little time."""
    monkeypatch.setattr("shared_state_server.connection.HANDSHAKE_TIMEOUT_S", SHORT_TIMEOUT_S)


def hello(key: bytes, nonce: bytes, **changed: object) -> bytes:
    """Return a hello that answers `nonce`, right but for what is `changed`."""
    fields = HELLO._replace(**changed)  # type: ignore[arg-type]  # they may be of any type here
    return MAGIC + frame(handshake.write_hello(key, nonce, NO_CHANNEL, fields))


Saying = Callable[[bytes, bytes], bytes]
"""What to say, by the server's key and nonce."""

WRONG: dict[str, Saying] = {
    "garbage": lambda key, nonce: b"\xde\xad\xbe\xef" * 100,
    "zeros": lambda key, nonce: bytes(100),
    "a web browser": lambda key, nonce: b"GET / HTTP/1.1\r\nHost: db1\r\n\r\n",
    "a TLS client": lambda key, nonce: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "the standard library's digest": lambda key, nonce: b"\0\0\0\x10" + bytes(16),
    "another version's magic": lambda key, nonce: b"SHS2" + hello(key, nonce)[4:],
    "more than a hello": lambda key, nonce: (
        MAGIC + (MAX_HELLO_BYTES + 1).to_bytes(HEADER_BYTES, "little")
    ),
    "4 GiB": lambda key, nonce: MAGIC + b"\xff" * HEADER_BYTES,
    "an empty hello": lambda key, nonce: MAGIC + frame(b""),
    "a hello of nothing": lambda key, nonce: MAGIC + frame(bytes(200)),
    "deep nesting": lambda key, nonce: MAGIC + frame(b"\x91" * 4000),
    "an enormous array": lambda key, nonce: MAGIC + frame(b"\xdd\xff\xff\xff\xff" + bytes(100)),
    "another key": lambda key, nonce: hello(b"some other key, as long as this", nonce),
    "a hello recorded elsewhere": lambda key, nonce: hello(key, OTHER_NONCE),
    "a hello and a byte": lambda key, nonce: MAGIC + frame(hello(key, nonce)[8:] + b"\0"),
    "another version": lambda key, nonce: hello(key, nonce, version=2),
    "no identity": lambda key, nonce: hello(key, nonce, session=b""),
    "a forged line of the log": lambda key, nonce: hello(key, nonce, host="a\nb"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_whatever_is_wrong_the_answer_is_the_same(
    server: ThreadServer, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    with Stranger(server.address) as stranger:
        greeting = stranger.hear(GREETING_BYTES)
        nonce = handshake.read_greeting(greeting)
        assert nonce is not None
        stranger.say(WRONG[wrong](server.settings.authkey, nonce))
        assert stranger.hear_out() == REFUSAL
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.exc_info is None
    assert record.getMessage().startswith("refused a peer from 127.0.0.1: ")
    assert "\n" not in record.getMessage()
    assert server.settings.authkey.decode() not in record.getMessage()


def test_a_right_hello_is_let_in(server: ThreadServer) -> None:
    with Stranger(server.address) as stranger:
        assert stranger.come_in(server.settings.authkey).version == handshake.VERSION


def test_every_greeting_has_a_nonce_of_its_own(server: ThreadServer) -> None:
    greetings: set[bytes] = set()
    for _ in range(10):
        with Stranger(server.address) as stranger:
            greetings.add(stranger.hear(GREETING_BYTES))
    assert len(greetings) == 10


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "said", [b"", b"SHS", MAGIC, MAGIC + b"\xc8\0\0\0", MAGIC + b"\xc8\0\0\0x"]
)
def test_who_says_too_little_is_cut_off_in_time(server: ThreadServer, said: bytes) -> None:
    with Stranger(server.address) as stranger:
        stranger.hear(GREETING_BYTES)
        stranger.say(said)
        assert stranger.hear_out() == b""


@pytest.mark.usefixtures("impatient")
def test_a_dribble_is_cut_off_in_time(server: ThreadServer) -> None:
    with Stranger(server.address) as stranger:
        stranger.hear(GREETING_BYTES)
        stranger.say(MAGIC + MAX_HELLO_BYTES.to_bytes(HEADER_BYTES, "little"))
        stranger.sock.settimeout(SHORT_TIMEOUT_S / 10)
        is_there = True
        while is_there:  # a byte, a pause, a byte, … until the server has had enough
            stranger.say(b"x")
            try:
                is_there = stranger.hear_a_byte()
            except TimeoutError:
                continue
            assert not is_there, "it was told something"


def test_a_hello_that_ends_early_is_not_answered(server: ThreadServer) -> None:
    with Stranger(server.address) as stranger:
        stranger.hear(GREETING_BYTES)
        stranger.say(MAGIC + b"\xc8\0\0\0half a hello")
        stranger.sock.shutdown(socket.SHUT_WR)
        assert stranger.hear_out() == b""


def test_silent_peers_cost_no_thread_and_hold_up_nobody(server: ThreadServer) -> None:
    before = server.connect(same_host=False)
    threads = threading.active_count()
    crowd = [Stranger(server.address) for _ in range(SILENT_PEERS)]
    try:
        # Who is there already does not notice, and this host has a door that is not counted.
        config = before.dict("config")
        config["rate"] = 10
        with shared_state.connect(
            f"unix://{server.unix_path}", authkey=server.settings.authkey
        ) as beside:
            assert beside.dict("config")["rate"] == 10
        assert threading.active_count() == threads
        greeted = [stranger for stranger in crowd if stranger.hear_a_byte()]
        assert len(greeted) == server.settings.max_pending_per_address
    finally:
        for stranger in crowd:
            stranger.close()
    # Their places are free again, for whoever comes by the address that they took.
    with server.connect(same_host=False) as after:
        assert after.transport == "tcp"
    before.close()


# The standard library's own clients


def test_the_standard_librarys_client_is_told_that_it_is_refused(server: ThreadServer) -> None:
    with pytest.raises(multiprocessing.AuthenticationError, match="digest sent was rejected"):
        StandardClient(server.address, authkey=server.settings.authkey)


def test_the_standard_librarys_manager_is_told_that_it_is_refused(server: ThreadServer) -> None:
    manager = BaseManager(server.address, authkey=server.settings.authkey)
    with pytest.raises(multiprocessing.AuthenticationError, match="digest sent was rejected"):
        manager.connect()


@pytest.mark.usefixtures("impatient")
def test_the_standard_librarys_client_without_a_key_is_refused(server: ThreadServer) -> None:
    with StandardClient(server.address) as connection:
        assert connection.recv_bytes().startswith(b"#CHALLENGE#")
        connection.send_bytes(b"a call without a proof")
        assert connection.recv_bytes() == b"#FAILURE#"
        with pytest.raises(EOFError):
            connection.recv_bytes()
