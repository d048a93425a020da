"""Whole programs, written for the standard library, that run on us after one import is changed.

The oracle is what a program prints on the standard library of this Python. It has to print the same
with our managers at both ends, and at either end with the standard library at the other.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.managers.editions import Edition, publish
from tests.managers.playing import PROGRAMS, Play, all_played, printed

ACROSS = sorted((PROGRAMS / "across").glob("*.py"))
ALONE = sorted((PROGRAMS / "alone").glob("*.py"))
STANDARD, OURS = Edition


def test_there_are_programs_enough() -> None:
    assert len(ACROSS) + len(ALONE) >= 15


@pytest.mark.parametrize("program", ACROSS, ids=lambda program: program.stem)
def test_a_server_and_a_client_do_what_they_do_on_the_standard_library(
    program: Path, tmp_path: Path
) -> None:
    casts = [(STANDARD, STANDARD), (OURS, OURS), (OURS, STANDARD), (STANDARD, OURS)]
    plays = [Play(program, server, client) for server, client in casts]
    oracle, both, old_client, old_server = all_played(plays, tmp_path)
    assert oracle
    assert both == oracle
    assert old_client == oracle
    assert old_server == oracle


@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("program", ALONE, ids=lambda program: program.stem)
def test_a_program_with_children_does_what_it_does_on_the_standard_library(
    program: Path, start_method: str, tmp_path: Path
) -> None:
    oracle = printed(publish(program, STANDARD, tmp_path), start_method)
    assert oracle
    assert printed(publish(program, OURS, tmp_path), start_method) == oracle
