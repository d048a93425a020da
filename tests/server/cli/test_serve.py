"""``shared-state serve``: from options and environment to settings, and every way to be refused.

The server itself is replaced by a note of the settings it was given; `test_serving` has the real
one.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from shared_state_protocol.address import Address
from shared_state_server import cli
from shared_state_server.listener import Listening
from shared_state_server.settings import Settings
from shared_state_server.stdlib.office import Office

KEY = "a key of this test, long enough"
LISTENING = Listening(Address("tcp", "127.0.0.1", 50000), "", lambda: None)

Serve = Callable[..., Settings]
Refuse = Callable[..., str]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start from an environment with a home and a key."""
    for name in os.environ:
        if name.startswith("SHARED_STATE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", KEY)


def given_to(monkeypatch: pytest.MonkeyPatch, run: Callable[..., None]) -> None:
    monkeypatch.setattr(import_module("shared_state_server.cli.serve"), "run", run)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Run ``serve`` with arguments; return the settings that the server was given."""
    given: list[Settings] = []

    def run(
        settings: Settings, *, ready: Callable[[Listening], None], office: Office | None
    ) -> None:
        assert (office is not None) == settings.allow_stdlib_clients
        given.append(settings)
        ready(LISTENING)

    def serve(*arguments: str) -> Settings:
        monkeypatch.setattr(sys, "argv", ["shared-state", "serve", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 0
        return given.pop()

    given_to(monkeypatch, run)
    return serve


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refuse:
    """Run ``serve`` with arguments that are refused; return what stderr says."""

    def run(settings: Settings, **_: Any) -> None:
        pytest.fail(f"a server was started with {settings}")

    def refuse(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["shared-state", "serve", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        shown = capsys.readouterr()
        assert end.value.code == 2
        assert shown.out == ""
        return shown.err

    given_to(monkeypatch, run)
    return refuse


def test_without_a_word_the_defaults_hold(serve: Serve) -> None:
    assert serve() == Settings(authkey=KEY.encode())


OPTIONS: list[tuple[str, str, Any]] = [
    ("host", "127.0.0.2", "127.0.0.2"),
    ("port", "4711", 4711),
    ("log_level", "ERROR", "ERROR"),
    ("drain_timeout", "0.5", 0.5),
    ("peer_timeout", "3", 3.0),
    ("session_grace", "0", 0.0),
    ("busy_poll", "0.001", 0.001),
    ("max_clients", "7", 7),
    ("max_pending_handshakes", "8", 8),
    ("max_pending_per_address", "9", 9),
    ("max_frame_bytes", "2000000", 2_000_000),
    ("output_limit_bytes", "99000000", 99_000_000),
]
FLAGS = ["insecure", "allow_weak_key", "allow_pickle", "allow_stdlib_clients", "unix_socket"]


def test_every_setting_is_tried_here() -> None:
    tried = {name for name, _, _ in OPTIONS} | {*FLAGS} | {"authkey", "share", "allow_class"}
    assert tried == {*asdict(Settings(authkey=KEY.encode()))}


@pytest.mark.parametrize(("name", "text", "value"), OPTIONS)
def test_every_setting_is_an_option_and_a_variable(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: Any
) -> None:
    assert getattr(serve(f"--{name.replace('_', '-')}", text), name) == value
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", KEY)
    monkeypatch.setenv(f"SHARED_STATE_{name.upper()}", text)
    assert getattr(serve(), name) == value


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_can_be_said_and_denied(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    option = name.replace("_", "-")
    assert getattr(serve(f"--{option}"), name) is True
    for text, value in [("1", True), ("0", False), ("true", True), ("false", False)]:
        monkeypatch.setenv("SHARED_STATE_AUTHKEY", KEY)
        monkeypatch.setenv(f"SHARED_STATE_{name.upper()}", text)
        assert getattr(serve(), name) is value
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", KEY)
    assert getattr(serve(f"--no-{option}"), name) is False


def test_objects_to_share_may_be_several(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = (("jobs", "queue"), ("config", "dict"))
    assert serve("--share", "jobs=queue", "--share", "config=dict").share == pairs
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", KEY)
    monkeypatch.setenv("SHARED_STATE_SHARE", "jobs=queue config=dict")
    assert serve().share == pairs


def test_classes_for_the_pickles_of_standard_clients_may_be_several(serve: Serve) -> None:
    settings = serve("--allow-stdlib-clients", "--allow-class", "a:B", "--allow-class", "a.b:C.D")
    assert settings.allow_class == ("a:B", "a.b:C.D")


def test_a_class_that_is_not_there_is_logged_at_the_start(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    named = ["decimal:Decimal", "decimal:Decimel", "decimel:Decimal", "json.decoder:JSONDecoder"]
    options = [text for each in named for text in ("--allow-class", each)]
    assert serve("--allow-stdlib-clients", *options).allow_class == tuple(named)
    assert [record.message.rpartition(" the class ")[2] for record in caplog.records] == [
        "decimal:Decimel: module 'decimal' has no attribute 'Decimel'",
        "decimel:Decimal: No module named 'decimel'",
    ]


@pytest.mark.parametrize(
    "arguments", [("--allow-stdlib-clients", "--allow-class", "B"), ("--allow-class", "a:B")]
)
def test_a_class_without_a_module_or_without_a_use_is_refused(
    refuse: Refuse, arguments: tuple[str, ...]
) -> None:
    assert "allow_class" in refuse(*arguments)


def test_an_option_wins_over_its_variable(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED_STATE_PORT", "1")
    assert serve("--port", "2").port == 2


def test_the_key_file_is_the_one_that_was_named(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("another key of this test\n")
    file.chmod(0o600)
    assert serve("--authkey-file", str(file)).authkey == b"another key of this test"


def test_without_a_key_one_is_made_for_this_user(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SHARED_STATE_AUTHKEY")
    made = serve().authkey
    assert (tmp_path / "shared-state" / "authkey").read_bytes().strip() == made
    assert serve().authkey == made


def test_the_key_does_not_stay_in_the_environment(serve: Serve) -> None:
    serve()
    assert "SHARED_STATE_AUTHKEY" not in os.environ


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.168.1.5", "db1"])
def test_an_address_of_other_hosts_needs_a_word(serve: Serve, refuse: Refuse, host: str) -> None:
    why = refuse("--host", host)
    assert "neither encrypted nor protected" in why
    assert "--insecure" in why


def test_with_the_word_the_address_is_taken(serve: Serve) -> None:
    assert serve("--host", "0.0.0.0", "--insecure").host == "0.0.0.0"


def test_a_weak_key_needs_a_word(refuse: Refuse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", "hunter2")
    why = refuse()
    assert "--allow-weak-key" in why
    assert "hunter2" not in why


def test_with_the_word_a_weak_key_is_taken(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED_STATE_AUTHKEY", "hunter2")
    assert serve("--allow-weak-key").authkey == b"hunter2"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--share", "jobs"], "expected NAME=TYPE"),
        (["--share", "jobs=heap"], "the types are"),
        (["--log-level", "loud"], "log_level is 'loud'"),
        (["--port", "65536"], "port is 65536"),
        (["--port", "http"], "integer"),
        (["--drain-timeout", "-1"], "drain_timeout is -1.0"),
        (["--authkey-file", "/nowhere/key"], "/nowhere/key"),
        (["--authkey", "secret"], "--authkey"),
        (["extra"], "extra"),
    ],
)
def test_what_cannot_be_is_refused(refuse: Refuse, arguments: list[str], why: str) -> None:
    assert why in refuse(*arguments)


def test_a_key_file_that_everybody_reads_is_refused(refuse: Refuse, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    file.chmod(0o644)
    why = refuse("--authkey-file", str(file))
    assert "every user may read it" in why
    assert KEY not in why


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.EADDRINUSE, "whatever the loop says"), "the address is in use; --port 0"),
        (OSError(errno.EACCES, "Permission denied"), "Permission denied"),
        (OSError("no number"), "no number"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: OSError,
    why: str,
) -> None:
    def run(settings: Settings, **_: Any) -> None:
        raise error

    given_to(monkeypatch, run)
    monkeypatch.setattr(sys, "argv", ["shared-state", "serve"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    line = capsys.readouterr().err
    assert end.value.code == 1
    assert line.startswith("shared-state: cannot listen at tcp://127.0.0.1:50000: ")
    assert why in line
    assert line.count("\n") == 1
