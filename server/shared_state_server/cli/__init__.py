"""The command line: ``shared-state``, and ``python -m shared_state_server``.

Theory
------
Some commands are the server's (``serve``, ``keygen``: in this package) and some are a client's
(``ping``, ``ls``, ``lock``: in ``shared_state.commands``), and the two sides never import each
other. So the client's commands are found by name: the distribution declares each as an *entry
point* of the group `GROUP`, and a command is imported when somebody asks for it. A server process
therefore loads nothing of the client's, and another distribution can add a command.

Exit status: 0; 1 when something could not be done (nobody there, address in use, counts that
differ); 2 when it was refused because the call is wrong or unsafe. Either way one line on stderr
says why.

Nobody can put a key on this command line: there is no option for one, because every user of the
machine can read every process's arguments. Tracebacks are plain, for pretty ones show local
variables, and one of them is the key.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from shared_state_protocol.errors import AuthenticationError, SharedStateError

from .keygen import keygen
from .refusal import Refused
from .serve import serve

__all__ = ["GROUP", "app", "main"]

GROUP = "shared_state.commands"
DISTRIBUTION = "shared-state"

_PLAIN: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,  # where there are 80 columns, its tables cut names off
}


class Commands(TyperGroup):
    """The commands of this package and those of the entry points, in alphabetical order."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted({*self.commands, *entry_points(group=GROUP).names})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            for found in entry_points(group=GROUP, name=cmd_name):
                self.add_command(_load(found), cmd_name)
        return self.commands.get(cmd_name)


def _load(found: EntryPoint) -> Any:
    single = typer.Typer(**_PLAIN)
    single.command(found.name)(found.load())
    return typer.main.get_command(single)


app = typer.Typer(cls=Commands, no_args_is_help=True, **_PLAIN)
app.command()(serve)
app.command()(keygen)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{DISTRIBUTION} {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def shared_state(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Python objects that many processes share, on one machine or on many."""


def main() -> None:
    """Run the command that the arguments of this process name, and exit."""
    try:
        app(prog_name=DISTRIBUTION)
    except Refused as refused:
        _exit(2, str(refused))
    except (OSError, SharedStateError, AuthenticationError) as error:
        _exit(1, str(error) or type(error).__name__)


def _exit(status: int, why: str) -> None:
    typer.echo(f"{DISTRIBUTION}: {why}", err=True)
    sys.exit(status)
