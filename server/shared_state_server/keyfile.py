"""The key file: a secret on disk that nobody else can read, choose or swap.

Theory
------
Two kinds of file hold a key, and they deserve different distrust; `shared_state_protocol.authkey`
says which rights each may give, for both sides.

*The user's own file* (`own_key`) is ours from the first byte: the server makes it when there is
none, so that ``shared_state.connect()`` on the same machine just works. It is 0600 in a 0700
folder, it belongs to the user, and it is no symbolic link; anything else means that somebody
touched it, and a server that trusted it might serve strangers.

*A named file* (`named_key`: ``--authkey-file``) is where the user, or what runs containers for
them, put it; secret mounts are symbolic links.

Creation is atomic, and nobody's key is ever overwritten: the text is written to a file of another
name, made durable, and *linked* to the final name, which fails if a key is there. Of two servers
that start at once one wins, and the other reads the winner's key, whole. (A rename would replace
the key that the other is already using; O_EXCL on the final name would show it empty for a while.)

Every file is examined through its open descriptor, so what was checked is what is read. No error
and no ``repr`` shows a key.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from shared_state_protocol.authkey import (
    MAX_KEY_FILE_BYTES,
    WRITABLE_BY_OTHERS,
    KeyFileRefused,
    check_named_file,
    check_own_file,
    check_owner,
    key_in,
    shown_mode,
)

__all__ = ["KeyFileRefused", "generate_key", "named_key", "own_key", "write_key"]

KEY_BYTES = 32
"""Randomness in a generated key: as much as HMAC-SHA256 makes use of."""

_SECRET_FILE = 0o600
_SECRET_FOLDER = 0o700
_OWN_FILE_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe under that name would block for ever


def generate_key() -> str:
    """Return the text of a new key: random bytes, as hexadecimal digits."""
    return secrets.token_hex(KEY_BYTES)


def own_key(path: str) -> bytes:
    """Return the key in the user's own file, which is made if it is not there.

    Raises:
        KeyFileRefused: the file or its folder is not the user's alone, or holds no key.
        OSError: it cannot be read or written.
    """
    folder = Path(path).parent
    _make_folder(folder)
    _examine_folder(folder)
    try:
        return _read(path, _OWN_FILE_FLAGS, _examine_own)
    except FileNotFoundError:
        _create_unless_there(path)
        return _read(path, _OWN_FILE_FLAGS, _examine_own)


def named_key(path: str) -> bytes:
    """Return the key in a file that the user named.

    Raises:
        KeyFileRefused: everybody can read it, somebody else can write it, or it holds no key.
        OSError: it cannot be read.
    """
    return _read(path, 0, check_named_file)


def write_key(path: str, text: str) -> None:
    """Write a key to a new file, readable by its owner alone.

    Raises:
        FileExistsError: something has that name; keys are never overwritten.
        OSError: it cannot be written.
    """
    draft = f"{path}.{secrets.token_hex(8)}.new"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _SECRET_FILE)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        os.unlink(draft)


def _create_unless_there(path: str) -> None:
    with contextlib.suppress(FileExistsError):  # another server was quicker: its key is the key
        write_key(path, generate_key())


def _make_folder(folder: Path) -> None:
    """Make the folder and what is missing above it, each for the user alone, as XDG asks."""
    for missing in reversed([folder, *folder.parents]):
        missing.mkdir(mode=_SECRET_FOLDER, exist_ok=True)


def _read(path: str, flags: int, examine: Callable[[str, os.stat_result], None]) -> bytes:
    with _open(path, flags) as file:
        examine(path, os.fstat(file.fileno()))
        content = file.read(MAX_KEY_FILE_BYTES + 1)
    return key_in(path, content)


def _open(path: str, flags: int) -> BinaryIO:
    try:
        return open(path, "rb", opener=lambda name, mode: os.open(name, mode | flags))
    except OSError as error:
        if error.errno == errno.ELOOP and flags & os.O_NOFOLLOW:
            raise KeyFileRefused(
                f"{path}: a symbolic link; whoever made it may choose the key. Remove it, or name "
                "the file that it leads to with --authkey-file"
            ) from None
        raise


def _examine_own(path: str, status: os.stat_result) -> None:
    check_own_file(path, status, os.geteuid())


def _examine_folder(folder: Path) -> None:
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise KeyFileRefused(f"{folder}: a symbolic link, not the folder of this user's key")
    check_owner(str(folder), status, os.geteuid())
    if status.st_mode & WRITABLE_BY_OTHERS:
        raise KeyFileRefused(
            f"{folder}: others may write here (mode {shown_mode(status)}) and swap the key. "
            "`chmod 700` it"
        )
