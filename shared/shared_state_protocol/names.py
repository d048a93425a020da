"""Names of objects: what they may be, for the client that refuses others and the server that must.

A client checks a name before it says it: a message whose name is no text is none, and a server
hangs up on whoever sends it; and nobody awaits the reply to an opening of the async client.
"""

from __future__ import annotations

from .errors import InvalidName

__all__ = ["MAX_NAME_BYTES", "check_name", "shown"]

MAX_NAME_BYTES = 255
"""Of an object's name in UTF-8: names stand in every request, and in people's terminals."""


def check_name(name: str) -> None:
    """Refuse what no object can be called.

    Raises:
        TypeError: it is no text.
        InvalidName: it is empty, too long, or has what cannot be printed.
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of an object is a str, not {type(name).__name__}")
    # A surrogate is not printable, so that what is encoded can be.
    if not (name.isprintable() and 0 < len(name.encode()) <= MAX_NAME_BYTES):
        raise InvalidName(
            f"a name has 1 to {MAX_NAME_BYTES} bytes of UTF-8 and is printable, not {shown(name)}"
        )


def shown(text: str) -> str:
    """Return a text that somebody sent, as it can be told: it may be as long as a frame."""
    return repr(text) if len(text) <= MAX_NAME_BYTES else f"{text[:MAX_NAME_BYTES]!r}…"
