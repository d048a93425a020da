"""``shared-state locks``: who holds what, by which token, and who waits for it.

Only what is held or waited for is listed. A table on a terminal; lines with tabs in a pipe, one for
each holder and each waiter; JSON where a program asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared_state import Holding, LockInfo, Owner

from ..agents import TASKS
from .connecting import COMMAND_TIMEOUT_S, ServerAddress, Timeout, connect

__all__ = ["locks"]

COLUMNS = ("name", "type", "", "host", "pid", "thread or task", "for", "token", "abandoned")


def locks(
    address: ServerAddress = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    timeout: Timeout = COMMAND_TIMEOUT_S,
) -> None:
    """List who holds locks of a server, and who waits for them.

    Semaphores and conditions are among them.
    """
    with connect(address, timeout) as state:
        found = state.locks()
    console = Console()
    if as_json:
        typer.echo(json.dumps([as_dict(each) for each in found], ensure_ascii=False))
    elif console.is_terminal:
        console.print(table(found))
    else:
        for each in found:
            for row in rows(each):
                typer.echo("\t".join(row))


def as_dict(each: LockInfo) -> dict[str, object]:
    """Return what JSON is to have of a lock."""
    holdings = [{**held._asdict(), "owner": held.owner._asdict()} for held in each.holdings]
    waiters = [waiter._asdict() for waiter in each.waiters]
    return {**each._asdict(), "holdings": holdings, "waiters": waiters}


def rows(each: LockInfo) -> Iterator[tuple[str, ...]]:
    """Yield a row for each holder, and then for each waiter, longest first."""
    for held in each.holdings:
        abandoned = "abandoned" if held.abandoned else ""
        yield each.name, each.type, "held", *holder(held), str(held.token), abandoned
    for waiter in each.waiters:
        yield each.name, each.type, "waits", *caller(waiter, waiter.thread), "", ""


def holder(held: Holding) -> tuple[str, str, str, str]:
    """Name who holds a lock, as people look for it; the tasks of a process have but a number."""
    thread = held.owner.thread
    is_task = thread == TASKS and held.agent
    return caller(held.owner, f"{thread} task {held.agent}" if is_task else thread)


def caller(owner: Owner, thread: str) -> tuple[str, str, str, str]:
    """Name a thread of a process, and for how long it has been there."""
    return owner.host, str(owner.pid), thread, f"{owner.seconds:.0f} s"


def table(found: list[LockInfo]) -> Table:
    """Lay the locks out for a person."""
    made = Table(*COLUMNS, caption=f"{len(found)} held or waited for")
    for each in found:
        for row in rows(each):
            made.add_row(*map(Text, row))  # names are text, not markup
        made.add_section()
    return made
