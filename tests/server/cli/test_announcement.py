"""The announcement: a program reads its first line, a person copies its last three."""

from __future__ import annotations

import ast
import io
import re
import socket

import pytest

from shared_state_protocol.address import Address
from shared_state_server.cli import announcement
from shared_state_server.cli.announcement import announce, three_lines
from shared_state_server.cli.keysource import FoundKey
from shared_state_server.listener import Listening

FOUND = FoundKey(b"the secret of this test", "/home/a/authkey", "clients need a hint")
HERE = Address("tcp", "127.0.0.1", 50000)


def listening(unix_path: str = "") -> Listening:
    return Listening(HERE, unix_path, lambda: None)


def test_in_a_pipe_the_first_line_is_the_address(capsys: pytest.CaptureFixture[str]) -> None:
    announce(listening(), FOUND)
    assert capsys.readouterr().out.splitlines() == [
        "listening on tcp://127.0.0.1:50000",
        "authkey from /home/a/authkey; clients need a hint",
        "",
        "import shared_state",
        'state = shared_state.connect("tcp://127.0.0.1:50000")',
        'state.dict("config")["rate"] = 10',
    ]


def test_the_unix_socket_is_named_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    announce(listening("/run/a.sock"), FOUND)
    assert "unix:///run/a.sock\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("host", "is_said"), [("0.0.0.0", True), ("10.0.0.5", True), ("::1", False)]
)
def test_other_hosts_are_told_that_they_need_the_key(
    capsys: pytest.CaptureFixture[str], host: str, is_said: bool
) -> None:
    announce(Listening(Address("tcp", host, 50000), "", lambda: None), FOUND)
    said = "clients on other hosts need a copy of the key, in a file"
    assert (said in capsys.readouterr().out) == is_said


def test_a_long_path_stays_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    announce(listening("/run/" + "a" * 200), FOUND)
    assert f"unix:///run/{'a' * 200}\n" in capsys.readouterr().out


@pytest.mark.parametrize("columns", ["100", "40"])
def test_on_a_terminal_the_same_text_has_a_title_and_can_be_copied(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", columns)
    announce(listening("/run/" + "a" * 200), FOUND)
    text = screen.getvalue()
    assert "\x1b[" in text
    assert re.sub("\x1b\\[[0-9;]*m", "", text).splitlines() == [
        "shared-state",
        "listening on tcp://127.0.0.1:50000",
        f"and, for clients on this host, on unix:///run/{'a' * 200}",
        "authkey from /home/a/authkey; clients need a hint",
        "",
        *three_lines(HERE).splitlines(),
    ]


def test_the_key_is_never_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    announce(listening("/run/a.sock"), FOUND)
    assert "the secret of this test" not in capsys.readouterr().out


@pytest.mark.parametrize("host", announcement.WILDCARDS)
def test_nobody_is_sent_to_every_address(host: str) -> None:
    assert f'connect("tcp://{socket.gethostname()}:1")' in three_lines(Address("tcp", host, 1))


def test_the_three_lines_are_python() -> None:
    assert len(ast.parse(three_lines(HERE)).body) == 3
