"""The rendezvous: a Unix socket that only this user finds, and nobody has to sweep up."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import shared_state
from shared_state_server.rendezvous import MAX_PATH_BYTES, Rendezvous
from shared_state_server.settings import Settings
from shared_state_server.sockets import may_enter
from tests.fixtures.servers import ThreadServer
from tests.fixtures.strangers import Stranger

INSTANCE = bytes(range(16))
OTHER_INSTANCE = bytes(range(16, 32))
OTHER_UID = 54321

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder of this test's own whose name leaves room for that of a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="ss") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def runtime_folder(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in place of the user's runtime folder."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_folder))
    return short_folder


@pytest.fixture
def rendezvous() -> Iterator[Rendezvous]:
    made = Rendezvous(INSTANCE)
    yield made
    made.close()


def mode_of(path: Path | str) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


# The place


def test_only_this_user_can_reach_the_socket(rendezvous: Rendezvous, runtime_folder: Path) -> None:
    sock = rendezvous.open()
    assert sock is not None
    with sock:
        path = Path(rendezvous.path)
        assert path == runtime_folder / "shared-state" / f"{INSTANCE.hex()}.sock"
        assert stat.S_ISSOCK(path.lstat().st_mode)
        assert mode_of(path) == 0o600
        assert mode_of(path.parent) == 0o700


def test_the_modes_do_not_depend_on_the_umask(rendezvous: Rendezvous) -> None:
    before = os.umask(0)
    try:
        sock = rendezvous.open()
    finally:
        os.umask(before)
    assert sock is not None
    sock.close()
    assert mode_of(rendezvous.path) == 0o600
    assert mode_of(Path(rendezvous.path).parent) == 0o700


def test_the_socket_is_gone_when_it_is_closed(rendezvous: Rendezvous) -> None:
    sock = rendezvous.open()
    assert sock is not None
    sock.close()
    path = Path(rendezvous.path)
    rendezvous.close()
    assert not path.exists()
    assert rendezvous.path == ""
    rendezvous.close()  # twice is allowed


def test_without_a_runtime_folder_it_is_in_the_temporary_one(
    rendezvous: Rendezvous, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(short_folder))
    sock = rendezvous.open()
    assert sock is not None
    sock.close()
    assert Path(rendezvous.path).parent == short_folder / f"shared-state-{os.getuid()}"


def test_a_runtime_folder_with_a_long_name_is_not_used(
    rendezvous: Rendezvous, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("n" * MAX_PATH_BYTES)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    sock = rendezvous.open()
    assert sock is not None
    sock.close()
    assert len(os.fsencode(rendezvous.path)) <= MAX_PATH_BYTES


# Places that are not safe


def open_to_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)


def a_file(folder: Path) -> None:
    folder.write_text("")


def a_link_to_elsewhere(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)


def of_another_user(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, OTHER_UID, OTHER_UID)


@pytest.mark.parametrize(
    "make",
    [open_to_others, a_file, a_link_to_elsewhere, pytest.param(of_another_user, marks=as_root)],
)
def test_an_unsafe_folder_is_not_used(
    rendezvous: Rendezvous,
    runtime_folder: Path,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Path], None],
) -> None:
    make(runtime_folder / "shared-state")
    assert rendezvous.open() is None
    assert rendezvous.path == ""
    assert "no Unix socket for clients of this host" in caplog.text


def test_a_server_without_a_safe_folder_serves_over_tcp(
    settings: Settings, runtime_folder: Path
) -> None:
    open_to_others(runtime_folder / "shared-state")
    server = ThreadServer(settings).start()
    try:
        assert server.unix_path == ""
        with server.connect() as client:
            assert client.transport == "tcp"
    finally:
        server.stop()


# What others left behind


def leave_behind(runtime_folder: Path, name: str) -> Path:
    """Make the socket of a server that was killed."""
    folder = runtime_folder / "shared-state"
    folder.mkdir(mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(folder / name))
    return folder / name


def test_sockets_of_servers_that_are_gone_are_swept(
    rendezvous: Rendezvous, runtime_folder: Path
) -> None:
    left = [leave_behind(runtime_folder, f"{number}.sock") for number in range(3)]
    sock = rendezvous.open()
    assert sock is not None
    sock.close()
    assert [path for path in left if path.exists()] == []


def test_the_socket_of_a_server_that_lives_stays(rendezvous: Rendezvous) -> None:
    other = Rendezvous(OTHER_INSTANCE)
    living = other.open()  # it need not even serve yet
    assert living is not None
    with living:
        sock = rendezvous.open()
        assert sock is not None
        sock.close()
        assert Path(other.path).exists()
    other.close()


@pytest.mark.timeout(30)  # it would wait for ever
def test_nobody_waits_for_a_server_that_takes_no_connections(
    rendezvous: Rendezvous, runtime_folder: Path
) -> None:
    folder = runtime_folder / "shared-state"
    folder.mkdir(mode=0o700)
    path = folder / "stopped.sock"
    with socket.socket(socket.AF_UNIX) as stopped, contextlib.ExitStack() as clients:
        stopped.bind(str(path))
        stopped.listen(0)
        while clients.enter_context(impatient()).connect_ex(str(path)) != errno.EAGAIN:
            pass  # until no more fit in
        sock = rendezvous.open()
        assert sock is not None
        sock.close()
        assert path.exists()


def impatient() -> socket.socket:
    """Return a Unix socket that waits for nothing."""
    sock = socket.socket(socket.AF_UNIX)
    sock.setblocking(False)
    return sock


def test_what_is_no_socket_stays(rendezvous: Rendezvous, runtime_folder: Path) -> None:
    folder = runtime_folder / "shared-state"
    folder.mkdir(mode=0o700)
    note = folder / "note.txt"
    note.write_text("not ours to remove")
    sock = rendezvous.open()
    assert sock is not None
    sock.close()
    assert note.exists()


def test_a_server_that_stops_leaves_no_socket(settings: Settings, runtime_folder: Path) -> None:
    server = ThreadServer(settings).start()
    assert Path(server.unix_path).exists()
    server.stop()
    assert list((runtime_folder / "shared-state").iterdir()) == []


# Clients of the same host


def test_a_client_of_the_same_host_switches_by_itself(server: ThreadServer) -> None:
    with server.connect() as client:
        assert client.transport == "unix"
        client.dict("d")["k"] = 1
        assert client.dict("d")["k"] == 1


def test_a_client_can_be_told_to_stay_on_tcp(server: ThreadServer) -> None:
    with server.connect(same_host=False) as client:
        assert client.transport == "tcp"


def test_a_client_stays_on_tcp_where_the_socket_is_not_its_own(
    server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with server.connect() as client:
        assert client.transport == "tcp"


def test_a_client_stays_on_tcp_where_another_server_answers(
    server: ThreadServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It has the same key: only its identity tells.
    monkeypatch.setattr(Rendezvous, "path", server.unix_path)
    misleading = ThreadServer(settings).start()
    try:
        with misleading.connect() as client:
            client.dict("here")
            assert client.transport == "tcp"
        with server.connect() as client:
            assert client.objects() == []
    finally:
        misleading.stop()


def test_a_unix_address_needs_no_tcp(server: ThreadServer) -> None:
    address = f"unix://{server.unix_path}"
    with shared_state.connect(address, authkey=server.settings.authkey) as client:
        assert client.transport == "unix"
        assert str(client.address) == address


def test_the_key_is_asked_for_here_too(server: ThreadServer) -> None:
    with pytest.raises(shared_state.AuthenticationError):
        shared_state.connect(f"unix://{server.unix_path}", authkey=b"another key of any length")


# Credentials of the kernel


class Credentials:
    """A Unix socket whose peer has some user id."""

    family = socket.AF_UNIX

    def __init__(self, uid: int) -> None:
        self._uid = uid

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        assert (level, option) == (socket.SOL_SOCKET, socket.SO_PEERCRED)
        return struct.pack("3i", 4711, self._uid, 100)


@pytest.mark.skipif(sys.platform != "linux", reason="SO_PEERCRED is Linux's")
def test_this_user_and_root_may_enter_and_nobody_else() -> None:
    assert may_enter(Credentials(os.getuid()))
    assert may_enter(Credentials(0))
    assert not may_enter(Credentials(os.getuid() + 1))


@as_root
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_another_user_is_refused_even_if_the_socket_is_open_to_all(
    server: ThreadServer, short_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_to_all = short_folder / "open.sock"
    os.link(server.unix_path, open_to_all)
    open_to_all.chmod(0o666)
    short_folder.chmod(0o755)
    assert heard_by_another_user(open_to_all) == b""
    assert "another user's" in caplog.text
    with Stranger(str(open_to_all)) as stranger:
        assert stranger.hear_a_byte()


def heard_by_another_user(path: Path) -> bytes:
    """Return what a process of another user hears from the server at `path`."""
    reader, writer = os.pipe()
    child = os.fork()  # not another interpreter: that user may not be able to run this one
    if not child:
        status = 1
        try:
            os.setuid(OTHER_UID)
            with Stranger(str(path)) as stranger:
                os.write(writer, stranger.hear_out())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    heard = os.read(reader, 100)
    os.close(reader)
    assert status == 0
    return heard
