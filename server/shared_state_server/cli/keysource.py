"""Where a server's key comes from.

In this order: the file that the command line names, ``SHARED_STATE_AUTHKEY``, the file that
``SHARED_STATE_AUTHKEY_FILE`` names, and the user's own file, which is made on first use. What was
said last and nearest wins: an option over the environment, a key over a file.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field

from shared_state_protocol.authkey import (
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    default_key_path,
    parse_key,
)

from ..keyfile import named_key, own_key

__all__ = ["FoundKey", "take_key"]


@dataclass(frozen=True)
class FoundKey:
    """A key, where it was, and what a client has to do to find the same one."""

    key: bytes = field(repr=False)
    source: str
    for_clients: str


def take_key(named: str, environ: MutableMapping[str, str]) -> FoundKey:
    """Find the key, and take it out of the environment, where child processes would see it.

    Raises:
        ValueError: what was found is no key, or must not be trusted.
        OSError: a file cannot be read or written.
    """
    text = environ.pop(KEY_VARIABLE, "")
    path = named or ("" if text else environ.get(KEY_FILE_VARIABLE, ""))
    if path:
        return FoundKey(named_key(path), path, f"clients need {KEY_FILE_VARIABLE}={path}")
    if text:
        return FoundKey(parse_key(text), KEY_VARIABLE, f"clients need the same {KEY_VARIABLE}")
    path = default_key_path(environ)
    return FoundKey(own_key(path), path, "clients of this user find it by themselves")
