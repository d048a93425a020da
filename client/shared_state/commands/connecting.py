"""Connecting: what every command that talks to a server has in common.

The key is never an argument: `connect` finds it in the environment or in the user's key file.
"""

from __future__ import annotations

from typing import Annotated

import typer

import shared_state
from shared_state_protocol.address import DEFAULT_PORT

from ..credentials import find_addresses

__all__ = ["COMMAND_TIMEOUT_S", "ServerAddress", "Timeout", "connect"]

ServerAddress = Annotated[
    str,
    typer.Argument(
        envvar="SHARED_STATE_ADDRESS",
        metavar="ADDRESS",
        help="host:port, tcp://host:port or unix:///path; without one, port "
        f"{DEFAULT_PORT} of this host.",
    ),
]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for the server.", min=0.001)]

COMMAND_TIMEOUT_S = 5.0
"""A person at a terminal, or a health check, has less patience than a program."""


def connect(address: str, timeout: float) -> shared_state.Client:
    """Connect as the options say.

    Raises:
        typer.BadParameter: the address is none.
        OSError: nobody is there, or not in time.
    """
    try:
        addresses = find_addresses(address or None)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        return shared_state.connect([*addresses], timeout=timeout)
    except OSError as error:
        where = ", ".join(map(str, addresses))
        raise OSError(f"cannot reach {where}: {error.strerror or error}") from error
