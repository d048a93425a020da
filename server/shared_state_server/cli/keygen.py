"""``shared-state keygen``: make a key, on paper or in a file."""

from __future__ import annotations

from typing import Annotated

import typer

from ..keyfile import generate_key, write_key

__all__ = ["keygen"]


def keygen(
    output: Annotated[
        str, typer.Option(help="Write the key to this new file, readable by you alone.")
    ] = "",
) -> None:
    """Print a new authkey, or write it to a file."""
    key = generate_key()
    if not output:
        typer.echo(key)
        return
    try:
        write_key(output, key)
    except FileExistsError:
        raise FileExistsError(f"{output} is there already; a key is never overwritten") from None
    except OSError as error:  # which names the draft, and not what was asked for
        raise type(error)(f"{output}: {error.strerror}") from None
