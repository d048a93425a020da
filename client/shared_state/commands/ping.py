"""``shared-state ping``: whether a server is there, which one, and how far away."""

from __future__ import annotations

from typing import Annotated

import typer

from .connecting import COMMAND_TIMEOUT_S, ServerAddress, Timeout, connect

__all__ = ["ping"]


def ping(
    address: ServerAddress = "",
    count: Annotated[int, typer.Option(help="How many round trips.", min=1)] = 1,
    timeout: Timeout = COMMAND_TIMEOUT_S,
) -> None:
    """Measure round trips to a server.

    The exit status says whether it is there.
    """
    with connect(address, timeout) as state:
        about = f"{state.address} over {state.transport}, server {state.version}"
        for _ in range(count):
            typer.echo(f"{about}: {state.ping() * 1000:.3f} ms")
