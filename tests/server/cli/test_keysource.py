"""Where a server's key comes from: the nearest place wins, and nothing of it is passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared_state_server.cli.keysource import take_key
from shared_state_server.keyfile import KeyFileRefused, write_key

IN_ENVIRONMENT = "key-in-the-environment"
IN_FILE = "key-in-a-file-of-that-name"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


@pytest.fixture
def file(tmp_path: Path) -> str:
    write_key(str(tmp_path / "named"), IN_FILE)
    return str(tmp_path / "named")


def test_without_a_word_the_users_own_key_is_made(environ: dict[str, str], tmp_path: Path) -> None:
    found = take_key("", environ)
    own = tmp_path / ".config" / "shared-state" / "authkey"
    assert found.key == own.read_bytes().strip()
    assert found.source == str(own)
    assert take_key("", environ) == found


def test_a_key_in_the_environment_wins_over_a_file_there(
    environ: dict[str, str], file: str
) -> None:
    environ |= {"SHARED_STATE_AUTHKEY": IN_ENVIRONMENT, "SHARED_STATE_AUTHKEY_FILE": file}
    found = take_key("", environ)
    assert found.key == IN_ENVIRONMENT.encode()
    assert found.source == "SHARED_STATE_AUTHKEY"


def test_a_file_in_the_environment_wins_over_the_users_own(
    environ: dict[str, str], file: str, tmp_path: Path
) -> None:
    found = take_key("", environ | {"SHARED_STATE_AUTHKEY_FILE": file})
    assert found.key == IN_FILE.encode()
    assert found.source == file
    assert not (tmp_path / ".config").exists()


def test_the_command_line_wins_over_the_environment(environ: dict[str, str], file: str) -> None:
    environ |= {"SHARED_STATE_AUTHKEY": IN_ENVIRONMENT, "SHARED_STATE_AUTHKEY_FILE": "/nowhere"}
    assert take_key(file, environ).key == IN_FILE.encode()


def test_an_empty_variable_is_none(environ: dict[str, str], tmp_path: Path) -> None:
    environ |= {"SHARED_STATE_AUTHKEY": "", "SHARED_STATE_AUTHKEY_FILE": ""}
    assert take_key("", environ).source.startswith(str(tmp_path))


@pytest.mark.parametrize("named", [True, False])
def test_a_key_does_not_stay_in_the_environment(
    environ: dict[str, str], file: str, named: bool
) -> None:
    environ["SHARED_STATE_AUTHKEY"] = IN_ENVIRONMENT
    take_key(file if named else "", environ)
    assert "SHARED_STATE_AUTHKEY" not in environ


def test_a_found_key_is_not_shown(environ: dict[str, str]) -> None:
    found = take_key("", environ | {"SHARED_STATE_AUTHKEY": IN_ENVIRONMENT})
    assert IN_ENVIRONMENT not in repr(found)
    assert IN_ENVIRONMENT not in found.source + found.for_clients


def test_clients_are_told_what_they_need(environ: dict[str, str], file: str) -> None:
    assert "by themselves" in take_key("", environ).for_clients
    assert f"SHARED_STATE_AUTHKEY_FILE={file}" in take_key(file, environ).for_clients
    in_environment = environ | {"SHARED_STATE_AUTHKEY": IN_ENVIRONMENT}
    assert "same SHARED_STATE_AUTHKEY" in take_key("", in_environment).for_clients


def test_a_named_file_that_everybody_reads_is_refused(environ: dict[str, str], file: str) -> None:
    Path(file).chmod(0o644)
    with pytest.raises(KeyFileRefused, match="every user may read it"):
        take_key(file, environ)


def test_a_key_of_white_space_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="empty"):
        take_key("", environ | {"SHARED_STATE_AUTHKEY": " \n"})
