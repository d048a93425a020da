"""Offers of shared memory: taken if nobody can make it shorter, passed over if anything is amiss.

Whatever is offered, the server goes on, and what is large goes over the socket.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared_state_protocol.errors import ProtocolError
from shared_state_protocol.wire import messages
from shared_state_protocol.wire.arena import ARENA_BYTES, CLIENT, Arena
from shared_state_protocol.wire.frames import SHARED, frame, header, offer
from shared_state_protocol.wire.large import LARGE_BYTES
from shared_state_server.sharing import Allowance, Sharing

from ..fixtures.servers import ThreadServer
from ..fixtures.strangers import Stranger
from ..fixtures.watching import until

pytestmark = pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="there is no memory without a name here"
)

KEY, VALUE = b"\xa1k", b"\xc6" + bytes(LARGE_BYTES)
FIXED = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW


def memory(size: int = ARENA_BYTES, seals: int = FIXED) -> int:
    """Return a descriptor of new memory."""
    descriptor = os.memfd_create("offered", os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


def closed(path: Path) -> int:
    descriptor = os.open(path, os.O_CREAT)
    os.close(descriptor)
    return descriptor


def fifo(path: Path) -> int:
    os.mkfifo(path)
    return os.open(path, os.O_RDWR)


def file(path: Path) -> int:
    path.write_bytes(bytes(ARENA_BYTES))
    return os.open(path, os.O_RDWR)


AMISS: dict[str, Callable[[Path], int]] = {
    "it can be made shorter": lambda path: memory(seals=fcntl.F_SEAL_GROW),
    "it can be made longer": lambda path: memory(seals=fcntl.F_SEAL_SHRINK),
    "it cannot be written to": lambda path: memory(seals=FIXED | fcntl.F_SEAL_WRITE),
    "it is too short": lambda path: memory(ARENA_BYTES - mmap.PAGESIZE),
    "it is too long": lambda path: memory(ARENA_BYTES + mmap.PAGESIZE),
    "it is a file": file,
    "it is a fifo": fifo,
    "it is a folder": lambda path: os.open(path.parent, os.O_RDONLY),
    "it is a device": lambda path: os.open("/dev/zero", os.O_RDWR),
    "it is a socket": lambda path: socket.socket().detach(),
    "it is not there": closed,
    "it is no descriptor": lambda path: (1 << 32) - 1,
}


@pytest.fixture
def insider(server: ThreadServer) -> Iterator[Stranger]:
    """A stranger that has proved the key at the Unix socket, and a dict ``d``."""
    with Stranger(server.unix_path) as stranger:
        stranger.come_in(server.settings.authkey)
        assert stranger.ask("dict.open", "d") == [1, None]
        yield stranger


def view(descriptor: int) -> Arena:
    """Return the client's side of the memory of a descriptor."""
    return Arena(memoryview(mmap.mmap(descriptor, ARENA_BYTES)), CLIENT)


def test_memory_that_stays_is_taken(insider: Stranger) -> None:
    descriptor = memory()
    arena = view(descriptor)
    insider.say(offer(descriptor))
    assert insider.ask("dict.size", "d") == [2, 0]
    assert arena.is_open
    os.close(descriptor)
    notice = arena.put(insider.request("dict.set", "d", KEY, VALUE))
    assert notice is not None
    insider.say(notice)
    assert next(insider.replies()) == [3, None]
    insider.say(insider.request("dict.get", "d", KEY, False))
    length = int.from_bytes(insider.hear(4), "little")
    assert length > SHARED
    assert messages.read(arena.take(length)) == [4, VALUE]


@pytest.mark.parametrize("what", AMISS)
def test_what_is_not_as_it_should_be_is_passed_over(
    insider: Stranger, tmp_path: Path, what: str
) -> None:
    descriptor = AMISS[what](tmp_path / "it")
    insider.say(offer(descriptor))
    assert insider.ask("dict.set", "d", KEY, VALUE) == [2, None]
    assert insider.ask("dict.get", "d", KEY, False) == [3, VALUE]
    if "is no" not in what:
        os.close(descriptor)


def test_what_another_process_has_is_looked_for_there(server: ThreadServer) -> None:
    """The one that connected: what has the same number elsewhere is never opened."""
    descriptor = memory()
    arena = view(descriptor)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        for pid in (process.pid, 0):
            sharing = Sharing(pid, Allowance())
            sharing.offered(descriptor)
            assert sharing.put(frame(VALUE)) is None
        process.kill()
    assert not arena.is_open
    os.close(descriptor)


def test_there_are_no_more_than_allowed() -> None:
    allowance, descriptor = Allowance(2), memory()
    first, second, third = (Sharing(os.getpid(), allowance) for _ in range(3))
    for each in (first, second, third):
        each.offered(descriptor)
    assert [each.put(frame(VALUE)) is None for each in (first, third)] == [False, True]
    third.close()
    assert allowance.left == 0
    first.close()
    first.close()
    assert allowance.left == 1
    third.offered(descriptor)
    assert allowance.left == 0
    os.close(descriptor)


def test_a_connection_that_ends_lets_go_of_the_memory(insider: Stranger) -> None:
    descriptor = memory()
    insider.say(offer(descriptor))
    assert insider.ask("dict.size", "d") == [2, 0]
    assert "memfd:offered" in Path("/proc/self/maps").read_text()
    insider.sock.close()
    os.close(descriptor)
    until(lambda: "memfd:offered" not in Path("/proc/self/maps").read_text())


def test_a_second_offer_ends_the_connection(insider: Stranger) -> None:
    descriptor = memory()
    insider.say(offer(descriptor))
    assert insider.ask("dict.size", "d") == [2, 0]
    insider.say(offer(descriptor))
    assert insider.hear_out() == b""
    os.close(descriptor)


@pytest.mark.parametrize("length", [1, LARGE_BYTES, SHARED - 1])
def test_a_payload_in_memory_that_is_not_shared_ends_the_connection(
    insider: Stranger, length: int
) -> None:
    insider.say(header(SHARED | length))
    assert insider.hear_out() == b""


@pytest.mark.parametrize("said", [offer(0), header(SHARED | 5)])
def test_nothing_is_shared_over_tcp(server: ThreadServer, said: bytes) -> None:
    with Stranger(server.address) as stranger:
        stranger.come_in(server.settings.authkey)
        stranger.say(said)
        assert stranger.hear_out() == b""


def test_a_payload_that_was_not_put_there_ends_the_connection(insider: Stranger) -> None:
    descriptor = memory()
    insider.say(offer(descriptor) + header(SHARED | 100))
    assert insider.hear_out() == b""
    os.close(descriptor)


def test_what_a_system_cannot_check_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fcntl, "F_GET_SEALS")
    descriptor = memory()
    sharing = Sharing(os.getpid(), Allowance())
    sharing.offered(descriptor)
    with pytest.raises(ProtocolError, match="not shared"):
        sharing.take(SHARED | 5)
    os.close(descriptor)
