"""What all adapters are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from shared_state_protocol.codec import Codec

from ...waiting import Call
from ..lane import StdlibLane

__all__ = ["Adapter", "convert_result"]


def convert_result(call: Call, convert: Callable[[Any], Any]) -> None:
    """Have what the behaviour returns, now or once the wait is over, converted for the client."""
    assert isinstance(call.lane, StdlibLane)
    call.lane.convert = convert


class Adapter:
    """A behaviour with other methods.

    `behaviour` keeps our contract; `exposed` are the names of methods that clients may call.
    """

    exposed: ClassVar[frozenset[str]]
    behaviour: Any

    @classmethod
    def of(cls, behaviour: Any, codec: Codec) -> Adapter:
        """Return the adapter of an object of the service, whose values `codec` encodes."""
        made = object.__new__(cls)
        made.behaviour = behaviour
        return made

    def operation(self, name: str) -> Callable[..., Any]:
        """Return the method that a client calls by `name`, one of `exposed`.

        Python's own special methods would not know what to do with a call: here ``__len__`` is
        ``special_len``.
        """
        own = f"special_{name.strip('_')}" if name.startswith("__") else name
        found: Callable[..., Any] = getattr(self, own)
        return found

    def value(self) -> Any:
        """Return a copy of what it stands for.

        Raises:
            TypeError: it is no value, as a lock is none.
        """
        raise TypeError(f"cannot pickle a {type(self).__name__.removesuffix('Adapter')}")

    def __repr__(self) -> str:
        name = type(self).__name__.removesuffix("Adapter")
        return f"<shared {name} object at {id(self):#x}>"
