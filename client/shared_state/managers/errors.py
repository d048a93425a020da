"""Errors of remote calls, with the traceback of the server where it has sent one."""

from __future__ import annotations

import multiprocessing.managers as stdlib
import sys
from typing import Any

__all__ = ["RemoteTraceback", "convert_to_error"]

NOTE = "The server's traceback:\n"
NOTES_ARE_PRINTED = sys.version_info >= (3, 11)


class RemoteTraceback(Exception):
    """The traceback of the server, as the cause of the exception that it led to."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def convert_to_error(kind: str, result: Any) -> Any:
    """Return the exception that a reply stands for.

    On Python 3.10, which prints no notes, the traceback of the server becomes its cause.
    """
    theirs: Any = stdlib
    error: Any = theirs.convert_to_error(kind, result)
    if not NOTES_ARE_PRINTED and error.__cause__ is None:
        for note in getattr(error, "__notes__", ()):
            if note.startswith(NOTE):
                error.__cause__ = RemoteTraceback(note)
    return error
