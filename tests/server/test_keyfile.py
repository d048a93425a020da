"""The key file: made once, for its owner alone, and trusted only while it is that."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shared_state_server import keyfile
from shared_state_server.keyfile import KeyFileRefused, generate_key, named_key, own_key, write_key

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "shared-state" / "authkey"


def written(path: Path, mode: int = 0o600, text: str = SECRET) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_generated_key_is_32_random_bytes_in_hexadecimal() -> None:
    assert re.fullmatch("[0-9a-f]{64}", generate_key())
    assert generate_key() != generate_key()


def test_the_users_own_key_is_made_for_nobody_else(path: Path) -> None:
    umask = os.umask(0)
    try:
        key = own_key(str(path))
    finally:
        os.umask(umask)
    assert re.fullmatch(b"[0-9a-f]{64}", key)
    assert mode(path) == 0o600
    assert mode(path.parent) == mode(path.parent.parent) == 0o700
    assert os.listdir(path.parent) == ["authkey"]


def test_the_users_own_key_stays_the_same(path: Path) -> None:
    assert own_key(str(path)) == own_key(str(path)) == path.read_bytes().strip()


def test_a_key_that_was_there_is_read(path: Path) -> None:
    assert own_key(str(written(path))) == SECRET.encode()


@pytest.mark.parametrize("rights", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_an_own_key_that_others_may_use_is_refused(path: Path, rights: int) -> None:
    with pytest.raises(KeyFileRefused, match=f"others may use it \\(mode {rights:04o}\\)"):
        own_key(str(written(path, rights)))


def test_an_own_key_that_is_a_symbolic_link_is_refused(path: Path, tmp_path: Path) -> None:
    target = written(tmp_path / "chosen")
    path.parent.mkdir(mode=0o700, parents=True)
    path.symlink_to(target)
    with pytest.raises(KeyFileRefused, match="symbolic link"):
        own_key(str(path))


def test_a_dangling_link_is_not_filled_with_a_key(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileRefused, match="symbolic link"):
        own_key(str(path))
    assert not (tmp_path / "elsewhere").exists()


def test_an_own_key_that_is_no_regular_file_is_refused(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True)
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileRefused, match="not a regular file"):
        own_key(str(path))


def test_a_folder_that_others_may_write_to_is_refused(path: Path) -> None:
    written(path)
    path.parent.chmod(0o770)
    with pytest.raises(KeyFileRefused, match="others may write here"):
        own_key(str(path))


def test_a_folder_that_is_a_symbolic_link_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    path.parent.parent.mkdir()
    path.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileRefused, match="symbolic link"):
        own_key(str(path))


def test_a_key_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(path)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(KeyFileRefused, match=f"belongs to user {owner}"):
        own_key(str(path))


def test_servers_that_start_at_once_agree_on_one_key(path: Path) -> None:
    program = (
        "import sys; from shared_state_server.keyfile import own_key\n"
        "sys.stdout.write('ready\\n'); sys.stdout.flush(); sys.stdin.readline()\n"
        "sys.stdout.write(own_key(sys.argv[1]).decode())"
    )
    command = [sys.executable, "-c", program, str(path)]
    pipe = subprocess.PIPE
    servers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(6)]
    for server in servers:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
    keys = {server.communicate("go\n")[0] for server in servers}
    assert keys == {path.read_text().strip()}
    assert os.listdir(path.parent) == ["authkey"]


def test_the_key_of_a_quicker_server_is_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other server comes in between: after ours saw no file, before it wrote one."""

    def generate_late() -> str:
        written(path)
        return "too late"

    monkeypatch.setattr(keyfile, "generate_key", generate_late)
    assert own_key(str(path)) == SECRET.encode()


@pytest.mark.parametrize("rights", [0o400, 0o600, 0o440, 0o640])
def test_a_named_key_may_be_a_secret_mount(tmp_path: Path, rights: int) -> None:
    target = written(tmp_path / "..data", rights)
    link = tmp_path / "key"
    link.symlink_to(target)
    assert named_key(str(link)) == SECRET.encode()


@pytest.mark.parametrize("rights", [0o644, 0o604, 0o620, 0o602])
def test_a_named_key_that_everybody_reads_or_others_write_is_refused(
    tmp_path: Path, rights: int
) -> None:
    with pytest.raises(KeyFileRefused, match=f"mode {rights:04o}.*chmod 600"):
        named_key(str(written(tmp_path / "key", rights)))


def test_a_named_key_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        named_key(str(tmp_path / "key"))
    assert os.listdir(tmp_path) == []


def test_a_folder_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        named_key(str(tmp_path))


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_file_without_a_key_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(KeyFileRefused, match="key: the authkey is empty"):
        named_key(str(written(tmp_path / "key", text=text)))


def test_a_large_file_is_no_key(tmp_path: Path) -> None:
    file = written(tmp_path / "key", text="k" * 4096)
    assert named_key(str(file)) == b"k" * 4096
    with pytest.raises(KeyFileRefused, match="more than 4096 bytes") as refusal:
        named_key(str(written(file, text="k" * 4097)))
    assert "kkk" not in str(refusal.value)


def test_a_new_key_is_written_for_its_owner(tmp_path: Path) -> None:
    write_key(str(tmp_path / "key"), SECRET)
    assert (tmp_path / "key").read_text() == SECRET + "\n"
    assert mode(tmp_path / "key") == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    file = written(tmp_path / "key", text="the first")
    with pytest.raises(FileExistsError):
        write_key(str(file), SECRET)
    assert file.read_text() == "the first"
    assert os.listdir(tmp_path) == ["key"]
