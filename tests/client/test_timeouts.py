"""The timeout of a client: what cannot be one is refused by both, before anybody is asked."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ..fixtures.clients import connected
from ..fixtures.servers import ThreadServer

NUMBER = "the timeout of a client has to be a number of seconds above 0, and finite, not"


@pytest.mark.parametrize("kind", ["blocking", "async"])
@pytest.mark.parametrize(
    ("timeout", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (math.inf, ValueError),
        (math.nan, ValueError),
        (None, TypeError),
        ("10", TypeError),
    ],
)
def test_what_is_no_time_is_refused(
    server: ThreadServer, kind: str, timeout: Any, error: type[Exception]
) -> None:
    refused = pytest.raises(error, match=f"{NUMBER} {timeout!r}")
    with refused, connected(kind, server.address, server.settings.authkey, timeout=timeout):
        pytest.fail("connected")


@pytest.mark.parametrize("kind", ["blocking", "async"])
@pytest.mark.parametrize("timeout", [10, 0.5, 1e6])
def test_any_number_of_seconds_will_do(server: ThreadServer, kind: str, timeout: float) -> None:
    with connected(kind, server.address, server.settings.authkey, timeout=timeout) as client:
        assert client.ping() > 0
