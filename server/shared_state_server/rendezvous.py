"""The rendezvous: a Unix socket where clients of the same host find the server.

It lies in a folder that only this user can enter, under the name of the server's instance, and is
open to this user alone. Its path is told in the welcome, which nobody else can read or change the
proof of. Sockets that a killed server left behind are swept away by the next.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import stat
import tempfile
from pathlib import Path

__all__ = ["Rendezvous"]

MAX_PATH_BYTES = 107
"""Of a Unix socket, by `unix(7)`: 108 with the terminating zero."""

log = logging.getLogger(__name__)


class Rendezvous:
    """The Unix socket of one server instance."""

    def __init__(self, instance: bytes) -> None:
        self._name = f"{instance.hex()}.sock"
        self._path: Path | None = None

    def open(self) -> socket.socket | None:
        """Bind the socket; None, and a line in the log, where there is no safe place for it."""
        try:
            folder = _private_folder()
            _sweep(folder)
            return self._bind(folder / self._name)
        except OSError as error:
            log.warning("no Unix socket for clients of this host: %s", error)
            return None

    @property
    def path(self) -> str:
        """The path of the socket, or empty while there is none."""
        return str(self._path or "")

    def close(self) -> None:
        """Remove the socket from its folder."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None

    def _bind(self, path: Path) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        new = path.with_suffix(".new")
        try:
            sock.bind(str(new))
            new.chmod(0o600)
            sock.listen()
            new.rename(path)  # not before: another server would take it for one left behind
        except OSError:
            sock.close()
            raise
        self._path = path
        return sock


def _private_folder() -> Path:
    """Return the folder for sockets of this user, made if need be, and certainly private."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and len(runtime) < MAX_PATH_BYTES // 2 and os.access(runtime, os.W_OK):
        folder = Path(runtime, "shared-state")
    else:
        folder = Path(tempfile.gettempdir(), f"shared-state-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} is not a folder of this user")
    if found.st_mode & 0o077:
        raise PermissionError(f"{folder} is open to others; expected mode 0700")
    return folder


def _sweep(folder: Path) -> None:
    """Remove the sockets of servers that are no more.

    Nobody is waited for: a server that is stopped, or has no room for another connection, lives.
    """
    for path in folder.glob("*.sock"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
            sock.setblocking(False)
            if sock.connect_ex(str(path)) == errno.ECONNREFUSED:
                path.unlink()
