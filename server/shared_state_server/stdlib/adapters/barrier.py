"""`threading.Barrier`, without an action: that would be users' code in the event loop."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from ...memory.barrier import Barrier
from ...waiting import Call
from .adapter import Adapter, convert_result

__all__ = ["BarrierAdapter"]


class BarrierAdapter(Adapter):
    """Parties that wait for each other."""

    exposed = frozenset(
        {"wait", "abort", "reset", "parties", "n_waiting", "broken", "__getattribute__"}
    )

    def __init__(self, parties: int, action: None = None, timeout: float | None = None) -> None:
        self.behaviour = Barrier(parties, timeout)

    @staticmethod
    def suits(
        parties: int, action: Any = None, timeout: float | None = None, **more: object
    ) -> bool:
        """Return whether these arguments of `threading.Barrier` ask for nothing else."""
        return action is None and not more

    def wait(self, call: Call, timeout: float | None = None) -> object:
        convert_result(call, itemgetter(0))  # of the index, and whether to act
        return self.behaviour.arrive(call, timeout, acts=False)

    def abort(self, call: Call) -> None:
        self.behaviour.abort()

    def reset(self, call: Call) -> None:
        self.behaviour.reset()

    def parties(self, call: Call) -> Any:
        return self.behaviour.parties()

    def n_waiting(self, call: Call) -> Any:
        return self.behaviour.n_waiting()

    def broken(self, call: Call) -> Any:
        return self.behaviour.broken()

    def special_getattribute(self, call: Call, name: str) -> Any:
        if name not in {"parties", "n_waiting", "broken"}:
            raise AttributeError(f"'Barrier' object has no attribute {name!r}")
        return getattr(self, name)(call)
