"""Clients that meet a server which is none of ours, or none at all: a clear error, in time."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.managers import BaseManager

import pytest

import shared_state
from shared_state import ProtocolError
from shared_state_protocol.wire.connection import ServerOpening
from shared_state_protocol.wire.frames import HEADER_BYTES, frame
from shared_state_protocol.wire.handshake import MAGIC, NO_CHANNEL, REFUSAL, write_welcome
from tests.fixtures.impostors import Impostor, reset
from tests.fixtures.servers import ThreadServer
from tests.shared.wire.opening import KEY, OTHER_KEY, SERVER_NONCE, WELCOME

TIMEOUT_S = 0.2
"""Given to the clients: what has to end, ends soon."""

GREETING = ServerOpening(OTHER_KEY, SERVER_NONCE).greeting

Connect = Callable[[tuple[str, int]], None]


def connect_blocking(address: tuple[str, int]) -> None:
    shared_state.connect(address, authkey=KEY, timeout=TIMEOUT_S).close()


def connect_awaiting(address: tuple[str, int]) -> None:
    async def connect() -> None:
        async with shared_state.connect_async(address, authkey=KEY, timeout=TIMEOUT_S):
            pass

    asyncio.run(connect())


@pytest.fixture(params=[connect_blocking, connect_awaiting], ids=["blocking", "async"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Connect with `KEY`, by either client."""
    chosen: Connect = request.param
    return chosen


@pytest.fixture
def free_address() -> tuple[str, int]:
    """An address of this host where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        host, port = sock.getsockname()
        return host, port


def test_nobody(connect: Connect, free_address: tuple[str, int]) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect(free_address)


def test_a_host_that_takes_no_connection(connect: Connect) -> None:
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as listener:
        address = listener.getsockname()
        waiting = []
        while is_connected(sock := start_to_connect(address)):  # until there is no more room
            waiting.append(sock)
        with pytest.raises(TimeoutError):
            connect(address)
        for each in (*waiting, sock):
            each.close()


def start_to_connect(address: tuple[str, int]) -> socket.socket:
    sock = socket.socket()
    sock.settimeout(TIMEOUT_S)
    try:
        sock.connect(address)
    except TimeoutError:
        pass
    return sock


def is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def test_a_silent_server(connect: Connect) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        address = listener.getsockname()
        with pytest.raises(TimeoutError, match="did not answer within"):
            connect(address)


@pytest.mark.parametrize(
    "said", [GREETING[:1], GREETING[:-1], GREETING], ids=["a byte", "half a greeting", "a greeting"]
)
def test_a_server_that_falls_silent(connect: Connect, said: bytes) -> None:
    def behave(sock: socket.socket) -> None:
        sock.sendall(said)
        wait_for_end(sock)

    with Impostor(behave) as impostor, pytest.raises(TimeoutError):
        connect(impostor.address)


def wait_for_end(sock: socket.socket) -> None:
    while sock.recv(4096):
        pass


def test_a_server_that_dribbles(connect: Connect) -> None:
    def behave(sock: socket.socket) -> None:
        sock.settimeout(TIMEOUT_S / 4)
        for byte in GREETING:  # in all it would take thirteen times the timeout
            sock.sendall(bytes((byte,)))
            try:
                if not sock.recv(1):
                    return
            except TimeoutError:
                continue

    with Impostor(behave) as impostor, pytest.raises(TimeoutError):
        connect(impostor.address)


def close_at_once(sock: socket.socket) -> None:
    """Do nothing; the impostor closes."""


def close_in_mid_greeting(sock: socket.socket) -> None:
    sock.sendall(GREETING[:20])


def close_after_the_hello(sock: socket.socket) -> None:
    sock.sendall(GREETING)
    sock.recv(4096)


@pytest.mark.parametrize(
    "behave", [close_at_once, reset, close_in_mid_greeting, close_after_the_hello]
)
def test_a_server_that_hangs_up(
    connect: Connect, behave: Callable[[socket.socket], object]
) -> None:
    with Impostor(behave) as impostor, pytest.raises(ConnectionError) as raised:
        connect(impostor.address)
    assert not isinstance(raised.value, ConnectionRefusedError)
    assert impostor.connections > 1  # a server without a free place is asked again


def test_a_server_that_has_no_place_free_at_first(connect: Connect) -> None:
    def behave(sock: socket.socket) -> None:
        if impostor.connections > 2:
            opening = ServerOpening(KEY, SERVER_NONCE)
            sock.sendall(opening.greeting)
            while opening.receive(sock.recv(4096)) is None:
                pass
            sock.sendall(opening.accept(WELCOME._replace(unix_path="")))
            wait_for_end(sock)

    with Impostor(behave) as impostor:
        connect(impostor.address)
    assert impostor.connections == 3


@pytest.mark.parametrize(
    "banner", [b"SSH-2.0-OpenSSH_9.6\r\n", b"220 ESMTP\r\n", b"\0\0\0\x1e#CHALLENGE#" + bytes(20)]
)
def test_a_server_that_speaks_another_protocol_first(connect: Connect, banner: bytes) -> None:
    def behave(sock: socket.socket) -> None:
        sock.sendall(banner)
        wait_for_end(sock)

    refused = pytest.raises(ProtocolError, match="no shared-state server")
    with Impostor(behave) as impostor, refused:
        connect(impostor.address)


class Silent(BaseHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Leave the output of the tests alone."""


@pytest.fixture
def web_server() -> Iterator[tuple[str, int]]:
    """The address of a web server, which waits for a request before it says anything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        host, port = server.server_address[:2]
        yield str(host), port
        server.shutdown()
        thread.join()


def test_a_web_server(connect: Connect, web_server: tuple[str, int]) -> None:
    with pytest.raises(TimeoutError):
        connect(web_server)


def test_the_standard_librarys_manager(connect: Connect) -> None:
    spawn = multiprocessing.get_context("spawn")
    with BaseManager(("127.0.0.1", 0), authkey=KEY, ctx=spawn) as manager:
        assert isinstance(manager.address, tuple)
        with pytest.raises(ProtocolError, match="no shared-state server"):
            connect(manager.address)


def test_a_server_with_another_key(connect: Connect, server: ThreadServer) -> None:
    with pytest.raises(multiprocessing.AuthenticationError, match="refused"):
        connect(server.address)


# Whoever pretends to be ours


def after_the_hello(answer: Callable[[bytes], bytes]) -> Callable[[socket.socket], None]:
    """Return the behaviour of a server that greets, and answers the hello as told."""

    def behave(sock: socket.socket) -> None:
        sock.sendall(GREETING)
        said = sock.recv(4096)
        sock.sendall(answer(said))
        wait_for_end(sock)

    return behave


def pretend(said: bytes) -> bytes:
    """Welcome a client as a server does that has another key."""
    hello = said[len(MAGIC) + HEADER_BYTES :]
    return frame(write_welcome(OTHER_KEY, SERVER_NONCE, NO_CHANNEL, hello, WELCOME))


@pytest.mark.parametrize(
    "answer",
    [lambda said: REFUSAL, lambda said: said[len(MAGIC) :], pretend],
    ids=["a refusal", "the client's own words", "a welcome without the key"],
)
def test_a_server_that_cannot_prove_the_key(
    connect: Connect, answer: Callable[[bytes], bytes]
) -> None:
    refused = pytest.raises(multiprocessing.AuthenticationError)
    with Impostor(after_the_hello(answer)) as impostor, refused:
        connect(impostor.address)
    assert impostor.connections == 1  # asking again would not help


@pytest.mark.parametrize(
    "answer",
    [b"\xff\xff\xff\xff", frame(b""), frame(b"\xc0"), frame(b"\x91" * 3000)],
    ids=["4 GiB", "nothing", "nil", "deep nesting"],
)
def test_a_server_that_answers_with_nonsense(connect: Connect, answer: bytes) -> None:
    refused = pytest.raises(ProtocolError)
    with Impostor(after_the_hello(lambda said: answer)) as impostor, refused:
        connect(impostor.address)
