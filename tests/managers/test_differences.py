"""What differs for a program that changes one import, and is neither better nor worse for all.

docs/migrating.md tells why. Each program prints one thing on ours and another on the standard
library, so that a difference which goes away is noticed as well as one that comes.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.managers.editions import Edition, publish
from tests.managers.playing import PROGRAMS, printed


class Difference(NamedTuple):
    """What a program prints on each."""

    ours: str
    theirs: str
    start_method: str = "fork"


DIFFERENCES = {
    "address_taken": Difference("True", "False"),
    "causes": Difference("True", "False"),
    "daemonized": Difference("True", "False"),
    "lambda_registered": Difference("True", "False", "spawn"),
    "newer_methods": Difference("True True", "False False"),
    "permits_of_ended_processes": Difference("[True, True]", "[True, False]"),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_does_it_in_its_own_way(name: str, tmp_path: Path) -> None:
    program, difference = PROGRAMS / "different" / f"{name}.py", DIFFERENCES[name]
    method = difference.start_method
    ours, theirs = (publish(program, edition, tmp_path) for edition in reversed(Edition))
    assert printed(ours, method).strip() == difference.ours
    assert printed(theirs, method).strip() == difference.theirs


def test_every_program_has_its_line_here() -> None:
    assert {path.stem for path in (PROGRAMS / "different").glob("*.py")} == set(DIFFERENCES)
