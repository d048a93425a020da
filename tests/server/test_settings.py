"""Settings: one that exists is one that a server can run with."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import pytest

from shared_state_server.settings import MIB, SHARED_TYPES, Settings, reason

KEY = b"0123456789abcdef"


def test_only_the_key_has_no_default() -> None:
    settings = Settings(authkey=KEY)
    assert str(settings.address) == "tcp://127.0.0.1:50000"
    assert settings.unix_socket
    assert not any((settings.insecure, settings.allow_pickle, settings.allow_weak_key))


def test_the_key_is_in_no_repr() -> None:
    shown = repr(Settings(authkey=b"correct horse battery staple"))
    assert "horse" not in shown
    assert "authkey" not in shown
    assert "port=50000" in shown


def test_settings_do_not_change() -> None:
    settings = Settings(authkey=KEY)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]  # what mypy sees too


def test_every_other_setting_has_a_reason() -> None:
    for each in dataclasses.fields(Settings):
        if each.name != "authkey":
            assert reason(each.name).endswith(".")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_a_loopback_address_needs_no_word(host: str) -> None:
    assert Settings(authkey=KEY, host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.168.1.5", "db1", "2001:db8::1"])
def test_an_address_that_other_hosts_reach_is_refused_with_the_reason(host: str) -> None:
    with pytest.raises(ValueError, match=r"no TLS yet.*neither encrypted.*--insecure"):
        Settings(authkey=KEY, host=host)
    assert Settings(authkey=KEY, host=host, insecure=True).host == host


@pytest.mark.parametrize("key", [b"", b"x", b"0123456789abcde"])
def test_a_weak_key_is_refused_unless_it_is_wanted(key: bytes) -> None:
    with pytest.raises(ValueError, match=f"has {len(key)} bytes, of at least 16"):
        Settings(authkey=key)
    assert Settings(authkey=key, allow_weak_key=True).authkey == key


def test_a_refused_key_is_not_shown() -> None:
    with pytest.raises(ValueError, match="bytes") as refusal:
        Settings(authkey=b"hunter2")
    assert "hunter2" not in str(refusal.value)


def test_shared_objects_have_a_type_that_exists() -> None:
    share = (("jobs", "queue"), ("config", "dict"), ("log", "list"), ("leader", "lock"))
    assert Settings(authkey=KEY, share=share).share == share


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"port": -1}, "port is -1: a number from 0 to 65535"),
        ({"port": 65536}, "port is 65536"),
        (
            {"share": (("jobs", "heap"),)},
            f"share jobs=heap: the types are {', '.join(SHARED_TYPES)}$",
        ),
        ({"share": (("gate", "barrier"),)}, "share gate=barrier: the types are bounded_semaphore,"),
        ({"share": (("", "dict"),)}, "share '=dict': a name has 1 to 255 bytes"),
        ({"share": (("a\n", "dict"),)}, r"share 'a\\n=dict': a name has 1 to 255 bytes"),
        ({"share": (("a", "dict"), ("a", "list"))}, "share a=list: a is there already"),
        ({"log_level": "loud"}, "log_level is 'loud': one of debug, info"),
        ({"drain_timeout": -0.1}, r"drain_timeout is -0\.1: seconds, 0 or more"),
        ({"drain_timeout": float("inf")}, "drain_timeout is inf"),
        ({"session_grace": float("nan")}, "session_grace is nan"),
        ({"busy_poll": -1e-6}, "busy_poll is -1e-06: seconds, 0 or more"),
        ({"peer_timeout": 1.9}, r"peer_timeout is 1\.9: seconds, 2 or more"),
        ({"peer_timeout": float("inf")}, "peer_timeout is inf"),
        ({"max_clients": 0}, "max_clients is 0: 1 or more"),
        ({"max_pending_handshakes": 0}, "max_pending_handshakes is 0"),
        ({"max_pending_per_address": -1}, "max_pending_per_address is -1"),
        ({"max_frame_bytes": 524287}, "max_frame_bytes is 524287: 524288 or more"),
        ({"max_frame_bytes": 1 << 31}, "max_frame_bytes is 2147483648: less than 2147483648"),
        ({"output_limit_bytes": 64 * MIB - 1}, r"at least max_frame_bytes \(67108864\)"),
    ],
)
def test_what_no_server_can_run_with_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(authkey=KEY, **wrong)


@pytest.mark.parametrize("limit", [{"port": 0}, {"port": 65535}, {"max_frame_bytes": 1 << 19}])
def test_the_ends_of_a_range_are_in_it(limit: dict[str, Any]) -> None:
    assert dataclasses.asdict(Settings(authkey=KEY, **limit)).items() >= limit.items()


def test_a_log_level_is_a_threshold_of_logging() -> None:
    assert Settings(authkey=KEY, log_level="warning").log_threshold == logging.WARNING
