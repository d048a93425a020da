"""The server behind `SharedStateManager.get_server` and `start`."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import signal

from .listener import Listening, bind, run
from .settings import Settings

__all__ = ["ManagerServer"]

log = logging.getLogger(__name__)


class ManagerServer:
    """A server that listens already and serves when told to.

    The caller has chosen address and key in code, so an address that others can reach and a short
    key are accepted, with a line in the log; the command line refuses both.
    """

    def __init__(self, address: tuple[str, int], authkey: bytes) -> None:
        host, port = address
        self._settings = Settings(
            host=host, port=port, authkey=authkey, insecure=True, allow_weak_key=True
        )
        if not self._settings.address.is_loopback:
            log.warning("serving beyond this host without TLS: nothing is encrypted")
        self._socket = bind(self._settings)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]

    def serve_forever(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        run(self._settings, sock=self._socket)

    def serve_until_orphaned(self) -> None:
        """Serve until SIGTERM, or until the parent process is gone; leave Ctrl-C to the parent."""
        run(self._settings, sock=self._socket, ready=_follow_parent)


def _follow_parent(listening: Listening) -> None:
    loop = asyncio.get_running_loop()
    loop.remove_signal_handler(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        loop.add_reader(parent.sentinel, listening.stop)
