"""Editions of a program: the standard library's, and ours, which has one import changed.

What a user does by hand to move to us is done here to the text of a whole program: each import of
`multiprocessing.managers` names `shared_state.managers`, and `Manager` comes from `shared_state`.
Nothing else is changed, so a program that needs more than that shows a defect of ours.
"""

from __future__ import annotations

import os
import shutil
from enum import Enum
from pathlib import Path

__all__ = ["ROOT", "Edition", "environment", "publish"]

ROOT = Path(__file__).parents[2]

THE_CHANGE = {
    "multiprocessing.managers": "shared_state.managers",
    "from multiprocessing import managers": "from shared_state import managers",
    "from multiprocessing import Manager, Process": (
        "from multiprocessing import Process\nfrom shared_state import Manager"
    ),
}
"""What is written for what, in our edition."""


class Edition(Enum):
    """Whose managers a program imports."""

    STANDARD = "standard library"
    OURS = "ours"


def publish(program: Path, edition: Edition, folder: Path) -> Path:
    """Write a program's edition into a folder of its own below `folder`; return its path."""
    copy = folder / edition.name.lower() / program.name
    copy.parent.mkdir(exist_ok=True)
    if edition is Edition.STANDARD:
        shutil.copy(program, copy)
    else:
        copy.write_text(_changed(program), encoding="utf-8")
    return copy


def environment() -> dict[str, str]:
    """Return the environment of a program: it finds the stage that it plays on.

    Its coverage is not measured: that would start in each of some hundred processes, most of them
    the standard library's, and take longer than they do.
    """
    inherited = {name: text for name, text in os.environ.items() if "COVERAGE" not in name}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**inherited, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}


def _changed(program: Path) -> str:
    text = program.read_text(encoding="utf-8")
    before = text
    for theirs, ours in THE_CHANGE.items():
        text = text.replace(theirs, ours)
    assert text != before, f"{program.name} imports no managers"
    return text
