"""``shared-state ls``: the same facts for a person, a pipe and a program."""

from __future__ import annotations

import io

from rich.console import Console

from shared_state import ObjectInfo, Owner
from shared_state.commands.ls import as_dict, columns, table

LEADER = ObjectInfo("leader", "lock", 1, [Owner("db1", 4711, "MainThread", 3.4)], 2)
ODD = ObjectInfo("[bold]odd[/bold]", "dict", 1_000_000, [], 0)


def test_a_line_has_a_column_for_each_fact() -> None:
    assert columns(LEADER) == ["leader", "lock", "1", "2", "db1 pid 4711 MainThread for 3 s"]
    assert columns(ODD) == ["[bold]odd[/bold]", "dict", "1000000", "0", ""]


def test_json_names_every_fact() -> None:
    owner = {"host": "db1", "pid": 4711, "thread": "MainThread", "seconds": 3.4}
    about = {"name": "leader", "type": "lock", "size": 1, "owners": [owner], "waiters": 2}
    assert as_dict(LEADER) == about


def test_a_name_on_a_terminal_is_text_and_not_markup() -> None:
    screen = io.StringIO()
    Console(file=screen, width=100).print(table([LEADER, ODD]))
    text = screen.getvalue()
    assert "│ [bold]odd[/bold] │ dict" in text
    assert "db1 pid 4711 MainThread for 3 s" in text
    assert "2 objects" in text
