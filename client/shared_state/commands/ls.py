"""``shared-state ls``: the objects of a server, their types and sizes.

A table on a terminal; lines with tabs in a pipe; JSON where a program asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared_state import ObjectInfo

from .connecting import DEFAULT_TIMEOUT_S, ServerAddress, Timeout, connect

__all__ = ["ls"]


def ls(
    address: ServerAddress = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    timeout: Timeout = DEFAULT_TIMEOUT_S,
) -> None:
    """List the objects of a server."""
    with connect(address, timeout) as state:
        objects = state.objects()
    console = Console()
    if as_json:
        typer.echo(json.dumps([each._asdict() for each in objects], ensure_ascii=False))
    elif console.is_terminal:
        console.print(table(objects))
    else:
        for each in objects:
            typer.echo(f"{each.name}\t{each.type}\t{each.size}")


def table(objects: Sequence[ObjectInfo]) -> Table:
    """Lay the objects out for a person."""
    made = Table("name", "type", caption=f"{len(objects)} objects")
    made.add_column("size", justify="right")
    for each in objects:
        made.add_row(Text(each.name), each.type, f"{each.size:,}")  # a name is no markup
    return made
