"""A set in memory: canonical element bytes to the element as it was first written."""

from __future__ import annotations

from shared_state_protocol.keys import canonical

__all__ = ["Set"]


class Set:
    """Keeps the contract `shared_state_protocol.objects.Set`."""

    def __init__(self) -> None:
        self._elements: dict[bytes, bytes] = {}

    def add(self, element: bytes) -> None:
        self._elements.setdefault(canonical(element), element)

    def discard(self, element: bytes) -> None:
        self._elements.pop(canonical(element), None)

    def remove(self, element: bytes) -> None:
        if self._elements.pop(canonical(element), None) is None:
            raise KeyError(element)

    def pop(self) -> bytes:
        if not self._elements:
            raise KeyError("pop from an empty set")
        return self._elements.pop(next(iter(self._elements)))

    def clear(self) -> None:
        self._elements.clear()

    def update(self, elements: list[bytes]) -> None:
        for place, element in _placed(elements).items():
            self._elements.setdefault(place, element)

    def difference_update(self, elements: list[bytes]) -> None:
        for place in _placed(elements):
            self._elements.pop(place, None)

    def intersection_update(self, elements: list[bytes]) -> None:
        kept = _placed(elements)
        self._elements = {
            place: element for place, element in self._elements.items() if place in kept
        }

    def symmetric_difference_update(self, elements: list[bytes]) -> None:
        for place, element in _placed(elements).items():
            if self._elements.pop(place, None) is None:
                self._elements[place] = element

    def contains(self, element: bytes) -> bool:
        return canonical(element) in self._elements

    def issuperset(self, elements: list[bytes]) -> bool:
        return self._elements.keys() >= _placed(elements).keys()

    def issubset(self, elements: list[bytes]) -> bool:
        return self._elements.keys() <= _placed(elements).keys()

    def isdisjoint(self, elements: list[bytes]) -> bool:
        return self._elements.keys().isdisjoint(_placed(elements))

    def size(self) -> int:
        return len(self._elements)

    def elements(self) -> list[bytes]:
        return list(self._elements.values())


def _placed(elements: list[bytes]) -> dict[bytes, bytes]:
    """Return elements by their canonical bytes; all of them, before anything is changed."""
    placed: dict[bytes, bytes] = {}
    for element in elements:
        placed.setdefault(canonical(element), element)
    return placed
