"""The authkey: both sides find the same one."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol.authkey import default_key_path, parse_key


@pytest.mark.parametrize("around", ["{}", "{}\n", "  {}\r\n", "\n{}\n\n"])
def test_the_key_is_the_text_without_the_white_space_around_it(around: str) -> None:
    assert parse_key(around.format("0123456789abcdef")) == b"0123456789abcdef"


def test_a_key_is_encoded_as_utf_8() -> None:
    assert parse_key("schlüssel") == b"schl\xc3\xbcssel"


def test_bytes_that_are_no_utf_8_survive_the_environment() -> None:
    assert parse_key(os.fsdecode(b"0123\xff")) == b"0123\xff"


@given(st.text(st.characters(codec="utf-8")).filter(str.strip))
def test_a_parsed_key_is_parsed_to_itself(text: str) -> None:
    key = parse_key(text)
    assert parse_key(key.decode()) == key


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n"])
def test_an_empty_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        parse_key(text)


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"HOME": "/home/a"}, "/home/a/.config/shared-state/authkey"),
        ({"HOME": "/home/a", "XDG_CONFIG_HOME": "/c"}, "/c/shared-state/authkey"),
        ({"HOME": "/home/a", "XDG_CONFIG_HOME": ""}, "/home/a/.config/shared-state/authkey"),
        ({"HOME": "/home/a", "XDG_CONFIG_HOME": "c"}, "/home/a/.config/shared-state/authkey"),
        ({"XDG_CONFIG_HOME": "/c"}, "/c/shared-state/authkey"),
        ({"USERPROFILE": "/users/a"}, "/users/a/.config/shared-state/authkey"),
    ],
)
def test_the_users_key_file_follows_the_xdg_rule(environ: dict[str, str], path: str) -> None:
    assert default_key_path(environ) == path


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"XDG_CONFIG_HOME": "relative"}])
def test_without_a_home_the_message_says_what_to_set(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"HOME or XDG_CONFIG_HOME.*SHARED_STATE_AUTHKEY_FILE"):
        default_key_path(environ)
