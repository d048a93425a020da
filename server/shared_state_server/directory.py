"""Directory: the whole state as an object of its own, which clients ask about all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .objects import InfoFields, LockFields
from .waiting import Call

if TYPE_CHECKING:
    from .service import Service

__all__ = ["Directory"]


class Directory:
    """Keeps the contract `shared_state_protocol.state.State`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def objects(self) -> list[InfoFields]:
        return self._service.objects.listing(self._service.clock())

    def locks(self, call: Call) -> list[LockFields]:
        return self._service.objects.locks(call.now)

    def delete(self, name: str) -> bool:
        return self._service.objects.delete(name)

    def batch(self, call: Call, targets: Any, requests: Any) -> tuple[list[Any], list[Any]]:
        return self._service.carry_out_many(call, targets, requests)

    def version(self) -> str:
        return self._service.version

    def next_portion(self, call: Call, cursor: int) -> tuple[int | None, Sequence[Any]]:
        return call.lane.session.cursors.next(cursor)

    def close_cursor(self, call: Call, cursor: int) -> None:
        call.lane.session.cursors.close(cursor)
