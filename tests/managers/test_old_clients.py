"""Clients of other Pythons, with nothing but their standard library, at a server of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.managers.editions import Edition
from tests.managers.interpreters import MINORS, interpreter
from tests.managers.playing import Play, across, all_played

PROGRAMS = ["queue_manager", "status_strings", "dicts_and_lists", "other_serializer", "unix_socket"]


@pytest.fixture(params=MINORS, ids=lambda minor: f"3.{minor}")
def client_python(request: pytest.FixtureRequest) -> str:
    """An interpreter of each version that is installed here."""
    found = interpreter(request.param)
    if found is None:
        pytest.skip(f"there is no Python 3.{request.param} on this machine")
    return found


def test_it_sees_what_a_server_of_the_standard_library_shows(
    client_python: str, tmp_path: Path
) -> None:
    plays = [
        Play(across(program), server, Edition.STANDARD, client_python)
        for server in Edition
        for program in PROGRAMS
    ]
    printed = all_played(plays, tmp_path)
    assert all(printed)
    assert printed[: len(PROGRAMS)] == printed[len(PROGRAMS) :]
