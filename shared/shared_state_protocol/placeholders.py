"""Placeholders: what stands in a decoded value for something that lives elsewhere.

`Reference` stands for a shared object, which lives in a server. A client puts its own object in its
place; a server, which must not put whole objects into values, leaves the reference.

`Opaque` stands for an extension that this side does not know. A server has none of its users'
classes: it keeps an instance of one as the bytes that came, compares it by them, and sends the same
bytes again.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Opaque", "Reference"]


@dataclass(frozen=True)
class Reference:
    """A shared object, by the name of its type and its own name."""

    type: str
    name: str


@dataclass(frozen=True)
class Opaque:
    """An extension as it came; equal to another one with the same bytes, and to nothing else."""

    tag: int
    data: bytes

    def __lt__(self, other: object) -> bool:
        raise TypeError(
            "cannot order what only the clients know how to compare (a registered class, or an "
            "integer over MAX_NUMBER_BYTES): sort with a key"
        )

    __gt__ = __le__ = __ge__ = __lt__
