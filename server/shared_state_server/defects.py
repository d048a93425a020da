"""Defects: errors that no client is told of in detail, and that end where they were made."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

from shared_state_protocol.errors import to_wire

__all__ = ["contained", "log_defect"]

log = logging.getLogger(__name__)


def log_defect(place: str, error: Exception) -> None:
    """Write down an error that has no name on the wire."""
    if to_wire(error) is None:
        log.error("a defect in %s", place, exc_info=error)


@contextmanager
def contained(place: str) -> Generator[None, None, None]:
    """Write down whatever the block raises, and go on: others have to be served after it."""
    try:
        yield
    except Exception as error:  # a defect in one object is none of the others'
        log.error("a defect in %s", place, exc_info=error)
