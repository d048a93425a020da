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

One of these rules is which file is trusted. The user's own belongs to the user, and nobody else may
use it. A file that the user named, or what runs containers for them, is where they put it: secret
mounts may belong to root and be readable by a group, so only this is refused: that everybody can
read it, or that somebody else can write it. Both sides look at the file that they have opened, so
what was checked is what is read. Access rights are POSIX's.
"""

from __future__ import annotations

import os.path
import stat
from collections.abc import Mapping

__all__ = [
    "KEY_FILE_VARIABLE",
    "KEY_VARIABLE",
    "MAX_KEY_FILE_BYTES",
    "MIN_KEY_BYTES",
    "WRITABLE_BY_OTHERS",
    "KeyFileRefused",
    "check_named_file",
    "check_own_file",
    "check_owner",
    "default_key_path",
    "key_in",
    "parse_key",
    "shown_mode",
]

KEY_VARIABLE = "SHARED_STATE_AUTHKEY"
KEY_FILE_VARIABLE = "SHARED_STATE_AUTHKEY_FILE"

MIN_KEY_BYTES = 16
"""A shorter key can be guessed offline by whoever has recorded one handshake."""

MAX_KEY_FILE_BYTES = 4096
"""A file with more in it is not a key; reading stops there, whatever the path leads to."""

WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileRefused(ValueError):
    """A key file that must not be trusted; the message says why and what to do about it."""


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


def key_in(path: str, content: bytes) -> bytes:
    """Return the key that a file has, of which up to one byte more than it may have was read.

    Raises:
        KeyFileRefused: that is no key.
    """
    if len(content) > MAX_KEY_FILE_BYTES:
        raise KeyFileRefused(f"{path}: more than {MAX_KEY_FILE_BYTES} bytes; this is no key file")
    try:
        # A surrogate stands for a byte that is not UTF-8, and becomes that byte again.
        return parse_key(content.decode("utf-8", "surrogateescape"))
    except ValueError as error:
        raise KeyFileRefused(f"{path}: {error}") from None


def check_own_file(path: str, status: os.stat_result, user: int) -> None:
    """Accept the user's own key file.

    Raises:
        KeyFileRefused: it is not the user's alone.
    """
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileRefused(f"{path}: not a regular file")
    check_owner(path, status, user)
    if status.st_mode & _FOR_OTHERS:
        raise KeyFileRefused(
            f"{path}: others may use it (mode {shown_mode(status)}), so the key may be known. "
            "Remove it to get a new key, or `chmod 600` it if you are sure that it is not"
        )


def check_named_file(path: str, status: os.stat_result) -> None:
    """Accept a key file that the user named.

    Raises:
        KeyFileRefused: everybody can read it, or somebody else can write it.
    """
    if status.st_mode & (stat.S_IROTH | WRITABLE_BY_OTHERS):
        raise KeyFileRefused(
            f"{path}: every user may read it, or others may write it (mode {shown_mode(status)}). "
            "`chmod 600` it"
        )


def check_owner(path: str, status: os.stat_result, user: int) -> None:
    """Accept what belongs to `user`.

    Raises:
        KeyFileRefused: it is somebody else's.
    """
    if status.st_uid != user:
        raise KeyFileRefused(f"{path}: belongs to user {status.st_uid}, not to this one")


def shown_mode(status: os.stat_result) -> str:
    """Return access rights as people write them."""
    return f"{stat.S_IMODE(status.st_mode):04o}"
