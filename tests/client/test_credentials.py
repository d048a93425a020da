"""Where a client looks for the key and the address, and in which order."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

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


def write_user_key(home: Path, key: str) -> None:
    (home / "shared-state").mkdir()
    (home / "shared-state" / "authkey").write_text(f"{key}\n", encoding="utf-8")


def test_the_key_that_is_given_is_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", "of the environment")
    assert find_key(b"given") == b"given"
    assert find_key(b"") == b""
    with pytest.raises(TypeError, match="bytes"):
        find_key("text")  # type: ignore[arg-type]  # what the refusal is about


def test_the_places_are_looked_at_in_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_user_key(home, "of the user")
    assert find_key(None) == b"of the user"
    monkeypatch.setattr(multiprocessing.current_process(), "authkey", b"of the process")
    assert find_key(None) == b"of the process"
    (home / "file").write_text("  of the file\n", encoding="utf-8")
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


def test_the_address_is_given_or_in_the_environment_or_this_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert find_addresses(None) == (Address("tcp", "127.0.0.1", 50000),)
    monkeypatch.setenv("SHARED_STATE_ADDRESS", "db1:1234")
    assert find_addresses(None) == (Address("tcp", "db1", 1234),)
    assert find_addresses(("db2", 1)) == (Address("tcp", "db2", 1),)


@pytest.mark.parametrize(
    "given", ["db1, db2:1", ["db1", ("db2", 1)], ["db1,tcp://db2:1"], ("db1", "db2:1")]
)
def test_there_may_be_several_addresses(monkeypatch: pytest.MonkeyPatch, given: Places) -> None:
    both = (Address("tcp", "db1", 50000), Address("tcp", "db2", 1))
    assert find_addresses(given) == both
    if isinstance(given, str):
        monkeypatch.setenv("SHARED_STATE_ADDRESS", given)
        assert find_addresses(None) == both
