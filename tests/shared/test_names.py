"""Names of objects: text that people can read."""

from __future__ import annotations

from typing import Any

import pytest

from shared_state_protocol.errors import InvalidName
from shared_state_protocol.names import MAX_NAME_BYTES, check_name, shown


@pytest.mark.parametrize("name", ["a", "x" * MAX_NAME_BYTES, "\u20ac" * 85, "two words", " "])
def test_what_can_be_read_is_a_name(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "x" * (MAX_NAME_BYTES + 1), "\u20ac" * 86, "a\nb", "\x00", "\ud800"]
)
def test_what_nobody_could_read_is_none(name: str) -> None:
    with pytest.raises(InvalidName, match="1 to 255 bytes"):
        check_name(name)


@pytest.mark.parametrize("name", [5, None, b"jobs", ("a",)])
def test_what_is_no_text_is_none(name: Any) -> None:
    with pytest.raises(TypeError, match="the name of an object is a str, not"):
        check_name(name)


def test_a_long_text_is_shown_in_part() -> None:
    assert shown("a\n") == "'a\\n'"
    assert shown("x" * 1000) == repr("x" * MAX_NAME_BYTES) + "…"
