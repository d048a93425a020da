"""``shared-state keygen``: a key on stdout, or in a file for its owner alone."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared_state_server.cli import app
from shared_state_server.keyfile import named_key


def test_a_key_is_printed() -> None:
    first, second = (CliRunner().invoke(app, ["keygen"]).stdout for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{64}\n", first)
    assert first != second


def test_a_key_is_written_where_a_server_takes_it(tmp_path: Path) -> None:
    output = tmp_path / "key"
    done = CliRunner().invoke(app, ["keygen", "--output", str(output)])
    assert (done.exit_code, done.output) == (0, "")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert re.fullmatch(rb"[0-9a-f]{64}", named_key(str(output)))


def test_a_key_that_is_there_is_kept(tmp_path: Path) -> None:
    output = tmp_path / "key"
    output.write_text("the first")
    done = CliRunner().invoke(app, ["keygen", "--output", str(output)])
    assert isinstance(done.exception, FileExistsError)
    assert "is there already" in str(done.exception)
    assert output.read_text() == "the first"


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    output = tmp_path / "none" / "key"
    done = CliRunner().invoke(app, ["keygen", "--output", str(output)])
    assert isinstance(done.exception, FileNotFoundError)
    assert str(done.exception) == f"{output}: No such file or directory"


@pytest.mark.parametrize("option", ["--authkey", "--key"])
def test_no_command_takes_a_key(option: str) -> None:
    for command in ("serve", "ping", "ls", "demo", "keygen"):
        assert CliRunner().invoke(app, [command, option, "secret"]).exit_code == 2
