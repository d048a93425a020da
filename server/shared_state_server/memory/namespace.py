"""A namespace in memory: attribute names to value bytes."""

from __future__ import annotations

__all__ = ["Namespace"]


class Namespace:
    """Keeps the contract `shared_state_protocol.objects.Namespace`."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    def get(self, attribute: str) -> bytes:
        self._refuse_missing(attribute)
        return self._values[attribute]

    def set(self, attribute: str, value: bytes) -> None:
        self._values[attribute] = value

    def delete(self, attribute: str) -> None:
        self._refuse_missing(attribute)
        del self._values[attribute]

    def contains(self, attribute: str) -> bool:
        return attribute in self._values

    def size(self) -> int:
        return len(self._values)

    def attributes(self) -> list[tuple[str, bytes]]:
        return list(self._values.items())

    def _refuse_missing(self, attribute: str) -> None:
        if attribute not in self._values:
            raise AttributeError(f"'Namespace' object has no attribute {attribute!r}")
