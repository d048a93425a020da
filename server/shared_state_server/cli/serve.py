"""``shared-state serve``: a server in the foreground, until SIGTERM or Ctrl-C.

Its output has two readers. On stdout, once, where it listens and how to connect: a person copies
the Python, a program reads the address after ``listening on``. On stderr the log. Neither ever has
a key or a value in it.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from typing import Any

from ..descriptors import allow_connections
from ..listener import run
from ..settings import Settings
from ..stdlib.office import Office
from .announcement import announce
from .keysource import FoundKey, take_key
from .options import parse_share, takes_settings
from .refusal import Refused

__all__ = ["serve"]

log = logging.getLogger(__name__)

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@takes_settings
def serve(**chosen: Any) -> None:
    """Serve dicts, queues, locks and others to many processes.

    Each option is an environment variable, too, as SHARED_STATE_MAX_CLIENTS is --max-clients.
    There, a flag is 1 or 0, and several objects to share, or classes, are separated by blanks.
    """
    found, settings = _decide(**chosen)
    logging.basicConfig(stream=sys.stderr, level=settings.log_threshold, format=LOG_FORMAT)
    allow_connections(settings.max_clients)
    try:
        run(settings, ready=lambda listening: announce(listening, found), office=_office(settings))
    except OSError as error:
        raise OSError(f"cannot listen at {settings.address}: {_why(error)}") from error


def _decide(
    authkey_file: str, share: list[str], allow_class: list[str], **others: Any
) -> tuple[FoundKey, Settings]:
    try:
        found = take_key(authkey_file, os.environ)
        others |= {"share": parse_share(share), "allow_class": tuple(allow_class)}
        return found, Settings(authkey=found.key, **others)
    except (ValueError, OSError) as error:
        raise Refused(str(error)) from None


def _office(settings: Settings) -> Office | None:
    """Return what clients of the standard library are served by, if they are let in."""
    if not settings.allow_stdlib_clients:
        return None
    allow_pickle = settings.allow_pickle
    office = Office({}, settings.authkey, settings.allow_class, allow_pickle=allow_pickle)
    office.max_frame_bytes = settings.max_frame_bytes
    for why in office.classes.unfound():
        log.warning("no pickle will be read that names the class %s", why)
    return office


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the address is in use; --port 0 takes any free port"
    return error.strerror or str(error)
