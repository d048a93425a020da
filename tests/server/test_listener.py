"""The listener: where it opens, how it drains, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared_state_server import listener
from shared_state_server.listener import Listening, bind, run, serve
from shared_state_server.service import Service
from shared_state_server.settings import Settings
from tests.fixtures.servers import START_TIMEOUT_S, ProcessServer, ThreadServer
from tests.fixtures.strangers import Stranger
from tests.fixtures.watching import LONG_S

PARKED = 200

SHORT_S = 0.02
"""For a wait that is to end because its time is over."""

KEY = b"\xa1k"
FAR_TOO_LONG_S = 3600.0
"""For a drain that only a second signal ends; and for the kernel, which gives up a client that does
not read, too."""

LARGE_BYTES = 32 << 20
"""More than the kernel keeps for a client that does not read."""


@pytest.fixture(autouse=True)
def runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for Unix sockets that only this test uses."""
    with tempfile.TemporaryDirectory(prefix="ss") as name:
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        yield Path(name)


def sockets_in(folder: Path) -> list[Path]:
    return list(folder.glob("**/*.*"))


# Opening


def test_a_port_that_is_taken_is_an_error(settings: Settings, runtime_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        chosen = replace(settings, port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use") as raised:
            run(chosen)
    assert raised.value.errno == errno.EADDRINUSE
    assert sockets_in(runtime_folder) == []


def test_an_address_of_another_host_is_an_error(settings: Settings) -> None:
    with pytest.raises(OSError, match="assign requested address") as raised:
        bind(replace(settings, host="192.0.2.1", insecure=True))
    assert raised.value.errno == errno.EADDRNOTAVAIL


def test_a_server_listens_where_it_says(settings: Settings) -> None:
    with bind(settings) as sock:
        assert sock.getsockname()[0] == settings.host
        assert sock.getsockname()[1] > 0


@pytest.mark.skipif(not socket.has_ipv6, reason="this host has no IPv6")
def test_a_server_listens_at_an_ipv6_address(settings: Settings) -> None:
    server = ThreadServer(replace(settings, host="::1")).start()
    try:
        with server.connect(same_host=False) as client:
            assert str(client.address).startswith("tcp://[::1]:")
            assert client.ping() > 0
    finally:
        server.stop()


async def test_it_can_be_stopped_from_inside(settings: Settings, runtime_folder: Path) -> None:
    heard: list[Listening] = []

    def ready(listening: Listening) -> None:
        heard.append(listening)
        assert Path(listening.unix_path).exists()
        asyncio.get_running_loop().call_soon(listening.stop)

    await serve(settings, ready=ready)
    assert heard[0].address.port > 0
    assert sockets_in(runtime_folder) == []


async def test_a_server_without_a_unix_socket(settings: Settings, runtime_folder: Path) -> None:
    def ready(listening: Listening) -> None:
        assert listening.unix_path == ""
        listening.stop()

    await serve(replace(settings, unix_socket=False), ready=ready)
    assert sockets_in(runtime_folder) == []


def test_shared_objects_are_there_from_the_start(settings: Settings) -> None:
    server = ThreadServer(replace(settings, share=(("jobs", "queue"), ("log", "list")))).start()
    try:
        with server.connect() as client:
            assert [(each.name, each.type) for each in client.objects()] == [
                ("jobs", "queue"),
                ("log", "list"),
            ]
    finally:
        server.stop()


def test_a_defect_at_one_deadline_does_not_take_the_others_theirs(server: ThreadServer) -> None:
    def break_once(service: Service) -> None:
        def expire() -> None:
            del service.expire  # what it was before
            raise AssertionError("a defect")

        service.expire = expire  # type: ignore[method-assign]  # for one ring

    server.look(break_once)
    with server.connect() as client:
        assert client.event("never").wait(timeout=SHORT_S) is False
        assert server.look(lambda service: service.deadlines.next()) is None


def test_without_uvloop_it_runs_on_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)  # whose import then fails
    loop = listener._new_event_loop()
    assert type(loop).__module__.startswith("asyncio.")
    loop.close()


# Going down


@pytest.mark.parametrize("turns", range(3))
async def test_whoever_knocks_as_the_doors_are_shut_is_turned_away(
    settings: Settings, turns: int
) -> None:
    """On plain asyncio, where after one turn he is accepted and has no transport yet."""
    started: asyncio.Future[Listening] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(settings, ready=started.set_result))
    listening = await started
    address = listening.address
    with socket.create_connection((address.host, address.port), LONG_S) as knocking:
        for _ in range(turns):
            await asyncio.sleep(0)
        listening.stop()
        await serving
        with contextlib.suppress(ConnectionResetError):  # its door was never opened
            while knocking.recv(1024):
                pass


def visitor(server: ProcessServer) -> Stranger:
    """Return a stranger that has come in, at a server with the queue ``q`` and the dict ``d``."""
    stranger = Stranger(server.address)
    stranger.come_in(server.settings.authkey)
    assert stranger.ask("queue.open", "q", 0, None, None) == [1, None]
    assert stranger.ask("dict.open", "d") == [2, None]
    return stranger


def park(stranger: Stranger) -> int:
    """Wait for an item, and return the number of the request when the server has it."""
    stranger.say(stranger.request("queue.get", "q", True, None))
    number = stranger.number
    assert stranger.ask("queue.empty", "q") == [number + 1, True]
    return number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_waits_is_told_and_the_server_ends_in_order(
    process_server: ProcessServer, runtime_folder: Path, number: signal.Signals
) -> None:
    assert len(sockets_in(runtime_folder)) == 1
    parked = {stranger: park(stranger) for stranger in visitors(process_server, PARKED)}
    assert process_server.process is not None
    assert process_server.process.pid is not None
    os.kill(process_server.process.pid, number)
    for stranger, waiting in parked.items():
        [[answered, result, error, _]] = list(stranger.replies())  # and then it hangs up
        assert (answered, result, error) == (waiting, None, "ServerClosing")
        stranger.close()
    process_server.process.join(START_TIMEOUT_S)
    assert process_server.process.exitcode == 0
    assert sockets_in(runtime_folder) == []


def visitors(server: ProcessServer, count: int) -> Iterator[Stranger]:
    for _ in range(count):
        yield visitor(server)


@pytest.fixture
def stubborn_server(settings: Settings) -> Iterator[ProcessServer]:
    """A server that drains for an hour, if it is let."""
    stubborn = replace(settings, drain_timeout=FAR_TOO_LONG_S, peer_timeout=FAR_TOO_LONG_S)
    running = ProcessServer(stubborn).start()
    yield running
    running.kill()


def refuse_to_read(server: ProcessServer) -> Stranger:
    """Return a client that has asked for more than fits on its way, and reads none of it."""
    stranger = visitor(server)
    assert stranger.ask("dict.set", "d", KEY, bytes(LARGE_BYTES)) == [3, None]
    stranger.say(stranger.request("dict.get", "d", KEY, False))
    assert stranger.hear_a_byte()
    return stranger


def wait_until_nobody_is_let_in(server: ProcessServer) -> None:
    """Connect until it is refused: then the server is draining."""
    while True:
        try:
            Stranger(server.address).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue  # just when the door was closed


def test_a_second_signal_ends_the_drain_at_once(
    stubborn_server: ProcessServer, runtime_folder: Path
) -> None:
    with refuse_to_read(stubborn_server):
        process = stubborn_server.process
        assert process is not None
        process.terminate()
        wait_until_nobody_is_let_in(stubborn_server)
        assert process.is_alive()
        process.terminate()
        process.join(START_TIMEOUT_S)
        assert process.exitcode == 0
    assert sockets_in(runtime_folder) == []


def test_a_drain_ends_when_its_time_is_over(settings: Settings) -> None:
    hasty = replace(settings, drain_timeout=0.1, peer_timeout=FAR_TOO_LONG_S)
    server = ProcessServer(hasty).start()
    try:
        with refuse_to_read(server):
            assert server.stop() == 0
    finally:
        server.kill()


def test_a_drain_waits_until_what_was_said_has_left(stubborn_server: ProcessServer) -> None:
    with refuse_to_read(stubborn_server) as slow:
        process = stubborn_server.process
        assert process is not None
        process.terminate()
        wait_until_nobody_is_let_in(stubborn_server)
        [[number, value]] = list(slow.replies())
        assert (number, len(value)) == (4, LARGE_BYTES)
        process.join(START_TIMEOUT_S)
        assert process.exitcode == 0


def test_silent_peers_do_not_hold_up_a_drain(stubborn_server: ProcessServer) -> None:
    with Stranger(stubborn_server.address) as silent:
        assert silent.hear_a_byte()
        assert stubborn_server.stop() == 0


def test_a_killed_server_can_be_started_again_at_once(process_server: ProcessServer) -> None:
    with visitor(process_server):
        process_server.kill()
        process_server.start()  # at the same port, which connections of the old one still have
        visitor(process_server).close()


def test_the_socket_of_a_killed_server_is_swept_by_the_next(
    process_server: ProcessServer, runtime_folder: Path
) -> None:
    before = sockets_in(runtime_folder)
    process_server.kill()
    assert sockets_in(runtime_folder) == before
    process_server.start()
    after = sockets_in(runtime_folder)
    assert len(after) == 1
    assert after != before
