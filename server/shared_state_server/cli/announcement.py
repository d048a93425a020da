"""The announcement: where a server listens, and the three lines of Python that connect to it.

Plain lines when stdout is not a terminal, so that a program can read the first one; the same text
with a title and colours when it is. Nothing has a frame, which would be copied along, or cut off
what is wider than the screen.
"""

from __future__ import annotations

import socket
from dataclasses import replace

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from shared_state_protocol.address import Address
from shared_state_protocol.authkey import KEY_FILE_VARIABLE

from ..listener import Listening
from .keysource import FoundKey

__all__ = ["announce", "three_lines"]

WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104  # only read, so that it is not handed out


def announce(listening: Listening, found: FoundKey) -> None:
    """Tell whoever started the server where it is and how to reach it."""
    console = Console(highlight=False, soft_wrap=True)
    where = _where(listening, found)
    code = three_lines(listening.address)
    if console.is_terminal:
        console.print(Text("shared-state", style="bold"))
        console.print(Text(where), end="\n\n")
        console.print(Syntax(code, "python", background_color="default").highlight(code), end="")
    else:
        console.out(f"{where}\n\n{code}", highlight=False)
    console.file.flush()


def three_lines(address: Address) -> str:
    """Return Python that connects to a server."""
    if address.host in WILDCARDS:
        address = replace(address, host=socket.gethostname())
    return (
        "import shared_state\n"
        f'state = shared_state.connect("{address}")\n'
        'state.dict("config")["rate"] = 10'
    )


def _where(listening: Listening, found: FoundKey) -> str:
    lines = [f"listening on {listening.address}"]
    if listening.unix_path:
        lines.append(f"and, for clients on this host, on unix://{listening.unix_path}")
    lines.append(f"authkey from {found.source}; {found.for_clients}")
    if not listening.address.is_loopback:
        lines.append(
            "clients on other hosts need a copy of the key, in a file (mode 600) that their "
            f"{KEY_FILE_VARIABLE} names"
        )
    return "\n".join(lines)
