"""Where a client looks for the key and the address, and in which order."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from shared_state.credentials import Places, find_addresses, find_key
from shared_state_protocol.address import Address
from shared_state_protocol.errors import AuthenticationError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder for configuration, with nothing in it; and no key anywhere else."""
    for name in ("SHARED_STATE_AUTHKEY", "SHARED_STATE_AUTHKEY_FILE", "SHARED_STATE_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def write_key(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def user_key(home: Path) -> Path:
    return home / "shared-state" / "authkey"


def test_the_key_that_is_given_is_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", "of the environment")
    assert find_key(b"given") == b"given"
    assert find_key(b"") == b""
    with pytest.raises(TypeError, match="bytes"):
        find_key("text")  # type: ignore[arg-type]  # what the refusal is about


def test_the_places_are_looked_at_in_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_key(user_key(home), "of the user\n")
    assert find_key(None) == b"of the user"
    monkeypatch.setattr(multiprocessing.current_process(), "authkey", b"of the process")
    assert find_key(None) == b"of the process"
    write_key(home / "file", "  of the file\n")
    monkeypatch.setenv("SHARED_STATE_AUTHKEY_FILE", str(home / "file"))
    assert find_key(None) == b"of the file"
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", "of the environment")
    assert find_key(None) == b"of the environment"


def test_no_key_anywhere_names_the_places() -> None:
    with pytest.raises(AuthenticationError, match=r"SHARED_STATE_AUTHKEY.*shared-state serve"):
        find_key(None)


def test_a_key_file_that_cannot_be_read_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARED_STATE_AUTHKEY_FILE", str(home / "gone"))
    with pytest.raises(AuthenticationError, match=r"AUTHKEY_FILE=.*gone: No such file"):
        find_key(None)


@pytest.mark.parametrize("text", ["", " \n", "x" * 4097], ids=["nothing", "blanks", "too much"])
def test_a_file_without_a_key_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    write_key(user_key(home), text)
    with pytest.raises(AuthenticationError, match=r"^/.*authkey: "):
        find_key(None)
    monkeypatch.setenv("SHARED_STATE_AUTHKEY_FILE", str(user_key(home)))
    with pytest.raises(AuthenticationError, match=r"^SHARED_STATE_AUTHKEY_FILE=.*authkey: "):
        find_key(None)


def test_a_variable_without_a_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", " \n")
    with pytest.raises(AuthenticationError, match=r"^SHARED_STATE_AUTHKEY: the authkey is empty"):
        find_key(None)


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "HOME", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AuthenticationError, match="set HOME or XDG_CONFIG_HOME"):
        find_key(None)


def test_the_users_key_that_cannot_be_read_is_named(home: Path) -> None:
    (home / "shared-state").write_text("no folder", encoding="utf-8")
    with pytest.raises(AuthenticationError, match=r"authkey: Not a directory"):
        find_key(None)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_that_others_may_use_is_refused(home: Path, mode: int) -> None:
    write_key(user_key(home), "of the user", mode)
    with pytest.raises(AuthenticationError, match=f"others may use it \\(mode {mode:04o}\\)"):
        find_key(None)


def test_a_key_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_key(user_key(home), "of the user")
    owner = user_key(home).stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(AuthenticationError, match=f"belongs to user {owner}"):
        find_key(None)


@pytest.mark.parametrize("mode", [0o644, 0o620, 0o602])
def test_a_named_file_that_everybody_reads_or_others_write_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    write_key(home / "file", "of the file", mode)
    monkeypatch.setenv("SHARED_STATE_AUTHKEY_FILE", str(home / "file"))
    with pytest.raises(AuthenticationError, match=r"AUTHKEY_FILE=.*file: every user may read it"):
        find_key(None)


def test_a_named_file_may_be_readable_by_a_group(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_key(home / "file", "of a secret mount", 0o440)
    monkeypatch.setenv("SHARED_STATE_AUTHKEY_FILE", str(home / "file"))
    assert find_key(None) == b"of a secret mount"


def test_the_address_is_given_or_in_the_environment_or_this_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert find_addresses(None) == (Address("tcp", "127.0.0.1", 50000),)
    monkeypatch.setenv("SHARED_STATE_ADDRESS", "db1:1234")
    assert find_addresses(None) == (Address("tcp", "db1", 1234),)
    assert find_addresses(("db2", 1)) == (Address("tcp", "db2", 1),)


@pytest.mark.parametrize("given", [50000, 0, b"db1:1", [50000], 1.5, Path], ids=repr)
def test_what_is_no_address_of_any_form_is_a_wrong_call(given: Any) -> None:
    with pytest.raises(TypeError, match=r"an address is 'host:port', \(host, port\)"):
        find_addresses(given)


@pytest.mark.parametrize(
    "given", ["db1, db2:1", ["db1", ("db2", 1)], ["db1,tcp://db2:1"], ("db1", "db2:1")]
)
def test_there_may_be_several_addresses(monkeypatch: pytest.MonkeyPatch, given: Places) -> None:
    both = (Address("tcp", "db1", 50000), Address("tcp", "db2", 1))
    assert find_addresses(given) == both
    if isinstance(given, str):
        monkeypatch.setenv("SHARED_STATE_ADDRESS", given)
        assert find_addresses(None) == both
