"""What `connect` and `connect_async` refuse before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import shared_state

from ..fixtures.clients import connected
from ..fixtures.servers import ThreadServer


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_peer_timeout_that_cannot_be_kept_is_refused(server: ThreadServer, kind: str) -> None:
    key = server.settings.authkey
    with (
        pytest.raises(ValueError, match="peer_timeout is 1: seconds, 2 or more"),
        connected(kind, server.address, key, peer_timeout=1),
    ):
        pytest.fail("connected")


@pytest.mark.parametrize("connect", [shared_state.connect, shared_state.connect_async])
@pytest.mark.parametrize("address", [50000, b"db1:50000"])
def test_what_has_no_form_of_an_address_is_a_wrong_call(
    connect: Callable[..., Any], address: Any
) -> None:
    with pytest.raises(TypeError, match="an address is 'host:port'"):
        connect(address, authkey=b"a key of this test")
