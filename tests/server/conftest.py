"""Fixtures for tests of the server's insides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .callers import Lobby


@pytest.fixture
def lobby() -> Iterator[Lobby]:
    """A hall on virtual time, with nobody in it."""
    made = Lobby()
    yield made
    made.close()
