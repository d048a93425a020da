"""``shared-state ls``: the objects of a server, who holds them, and how many wait for them.

A table on a terminal; lines with tabs in a pipe; JSON where a program asks for it.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared_state import ObjectInfo, Owner

from .connecting import COMMAND_TIMEOUT_S, ServerAddress, Timeout, connect

__all__ = ["ls"]


def ls(
    address: ServerAddress = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    timeout: Timeout = COMMAND_TIMEOUT_S,
) -> None:
    """List the objects of a server."""
    with connect(address, timeout) as state:
        objects = state.objects()
    console = Console()
    if as_json:
        typer.echo(json.dumps([as_dict(each) for each in objects], ensure_ascii=False))
    elif console.is_terminal:
        console.print(table(objects))
    else:
        for each in objects:
            typer.echo("\t".join(columns(each)))


def as_dict(each: ObjectInfo) -> dict[str, object]:
    """Return what JSON is to have of an object."""
    return {**each._asdict(), "owners": [owner._asdict() for owner in each.owners]}


def columns(each: ObjectInfo) -> list[str]:
    """Return what a line has of an object."""
    owners = ", ".join(map(describe, each.owners))
    return [each.name, each.type, str(each.size), str(each.waiters), owners]


def describe(owner: Owner) -> str:
    """Name who holds an object, as people look for it."""
    return f"{owner.host} pid {owner.pid} {owner.thread} for {owner.seconds:.0f} s"


def table(objects: list[ObjectInfo]) -> Table:
    """Lay the objects out for a person."""
    made = Table("name", "type", caption=f"{len(objects)} objects")
    made.add_column("size", justify="right")
    made.add_column("waiting", justify="right")
    made.add_column("held by")
    for each in objects:
        made.add_row(*map(Text, columns(each)))  # names are text, not markup
    return made
