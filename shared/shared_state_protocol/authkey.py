"""The authkey: what counts as one, and where it is looked for.

Theory
------
One secret opens the server, and both sides have to find the same one without ever seeing it on a
command line, where every user of the machine could read it (``ps``). The places, in this order:

1. the environment variable `KEY_VARIABLE`, which is the key itself;
2. the file that `KEY_FILE_VARIABLE` names;
3. the user's own file, `default_key_path`, which a server writes when it finds none.

In each of them the key *is* the text without the white space around it, encoded as UTF-8: what
``echo`` wrote and what ``printf`` wrote is one key. Reading the places is I/O and belongs to the
sides; here are only the rules that they must not disagree about.
"""

from __future__ import annotations

import os.path
from collections.abc import Mapping

__all__ = [
    "KEY_FILE_VARIABLE",
    "KEY_VARIABLE",
    "MAX_KEY_FILE_BYTES",
    "MIN_KEY_BYTES",
    "default_key_path",
    "parse_key",
]

KEY_VARIABLE = "SHARED_STATE_AUTHKEY"
KEY_FILE_VARIABLE = "SHARED_STATE_AUTHKEY_FILE"

MIN_KEY_BYTES = 16
"""A shorter key can be guessed offline by whoever has recorded one handshake."""

MAX_KEY_FILE_BYTES = 4096
"""A file with more in it is not a key; reading stops there, whatever the path leads to."""


def default_key_path(environ: Mapping[str, str]) -> str:
    """Return the path of the key file of the user whose environment this is.

    Raises:
        ValueError: the environment names no home; the message says what to set.
    """
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # the XDG rule: a relative path is as good as none
        home = environ.get("HOME") or environ.get("USERPROFILE")
        if not home:
            raise ValueError(
                "no place for the user's key file: set HOME or XDG_CONFIG_HOME, "
                f"or name a file in {KEY_FILE_VARIABLE}"
            )
        folder = os.path.join(home, ".config")
    return os.path.join(folder, "shared-state", "authkey")


def parse_key(text: str) -> bytes:
    """Return the key that `text` is.

    Raises:
        ValueError: nothing is left without the white space. The message never shows the text.
    """
    key = text.strip().encode("utf-8", "surrogateescape")  # as the environment was decoded
    if not key:
        raise ValueError("the authkey is empty: `shared-state keygen` makes one")
    return key
