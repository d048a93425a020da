"""Listing: `objects` gives everything that there is, however much, through both clients."""

from __future__ import annotations

from shared_state_server.service import Service
from shared_state_server.streams import PORTION_ITEMS

from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer

MANY = 2 * PORTION_ITEMS + 1


def test_a_server_may_have_more_objects_than_fit_into_one_reply(
    server: ThreadServer, either: Either
) -> None:
    names = [f"event-{number:06}" for number in range(MANY)]

    def fill(service: Service) -> None:
        for name in names:
            service.objects.share(name, "event")

    server.look(fill)
    assert [info.name for info in either.objects()] == names


def test_an_empty_server_has_none(either: Either) -> None:
    assert either.objects() == []
