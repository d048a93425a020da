"""docs/migrating.md claims nothing without a test that shows it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.managers.editions import ROOT
from tests.managers.playing import PROGRAMS

DOCUMENT = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)(?:\[(\w+)\])?`")
ROWS = [
    line
    for line in DOCUMENT.splitlines()
    if line.startswith("| ") and not line.endswith("shown by |")
]


def functions(path: Path) -> set[str]:
    """Return the names of a module's functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_rows() -> None:
    assert len(ROWS) > 15


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_each_row_names_a_test_that_is_there(row: str) -> None:
    named = TEST.findall(row)
    assert named
    for path, function, parameter in named:
        assert function in functions(ROOT / path)
        assert not parameter or list(PROGRAMS.glob(f"*/{parameter}.py"))


def test_each_promise_has_a_row() -> None:
    shown = {parameter for _, _, parameter in TEST.findall(DOCUMENT)}
    programs = [*PROGRAMS.glob("better/*.py"), *PROGRAMS.glob("different/*.py")]
    assert {path.stem for path in programs} <= shown


def test_the_example_runs() -> None:
    example = re.findall(r"```python\n(.+?)```", DOCUMENT, re.DOTALL)[-1]
    exec(compile(example, "docs/migrating.md", "exec"), {})  # as users would copy it
