"""What every multi-host test starts from: a client, the hosts, and the cable of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import shared_state
from tests.multihost.fleet import Cable, Host, assemble

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def client() -> Iterator[shared_state.Client]:
    """The test host's own client."""
    with shared_state.connect() as client:
        yield client


@pytest.fixture(scope="session")
def hosts(client: shared_state.Client) -> dict[str, Host]:
    return assemble(client)


@pytest.fixture
def cable() -> Iterator[Cable]:
    """The cable of worker-3, plugged in again at the end whatever happens."""
    cable = Cable("/run/cable/worker-3")
    yield cable
    cable.mend()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name for the one object that a test is about."""
    return str(request.node.name)
