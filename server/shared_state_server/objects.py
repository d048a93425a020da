"""Objects: what a server keeps under which name.

An object is created by the first who opens it, and stays until it is deleted.
"""

from __future__ import annotations

from typing import Any

from shared_state_protocol.contract import contract_name
from shared_state_protocol.errors import ObjectNotFound, StaleFence, TypeMismatch
from shared_state_protocol.names import check_name, shown
from shared_state_protocol.objects import CONTRACTS
from shared_state_protocol.state import State

from .dispatch import Row
from .lane import OwnerFields
from .memory.holder import Holder, Owned

__all__ = ["InfoFields", "LockFields", "Objects"]

STATE = ""
"""The name under which the service itself is addressed; no object can have it."""


InfoFields = tuple[str, str, int, list[OwnerFields], int]
"""The fields of `shared_state_protocol.state.ObjectInfo`."""


LockFields = tuple[str, str, list[tuple[OwnerFields, int, int, bool]], list[OwnerFields]]
"""The fields of `shared_state_protocol.state.LockInfo`."""


class Object:
    """A named behaviour."""

    __slots__ = ("behaviour", "type")

    def __init__(self, type_name: str, behaviour: Any) -> None:
        self.type = type_name
        self.behaviour = behaviour

    def describe(self, name: str, now: float) -> InfoFields:
        """Return what people want to know of it."""
        behaviour = self.behaviour
        owners: list[Any] = behaviour.owners(now) if hasattr(behaviour, "owners") else []
        waiters = behaviour.waiters() if hasattr(behaviour, "waiters") else 0
        return name, self.type, behaviour.size(), owners, waiters

    def describe_lock(self, name: str, now: float) -> LockFields:
        """Return who holds it and who waits for it."""
        lock: Owned = self.behaviour
        holdings = [
            (holder.owner(now), holder.agent, holder.token, holder.abandoned)
            for holder in lock.holders()
        ]
        waiters = [waiter.lane.owner(now - waiter.since) for waiter in lock.lined_up()]
        return name, self.type, holdings, waiters


class Objects:
    """All objects of one server, `by_name`, and `state`, which keeps the contract `State`.

    They are made as `table` says. `last_token` is one that no lock had before.
    """

    def __init__(self, table: dict[str, Row], state: Any, last_token: int) -> None:
        self.by_name = {STATE: Object(contract_name(State), state)}
        self.last_token = last_token
        self._table = table

    def share(self, name: str, type_name: str) -> None:
        """Create an object if there is none of that name.

        Raises:
            TypeMismatch: there is one of another type.
            ValueError: there is no such type.
        """
        row = self._table.get(f"{type_name}.open")
        if row is None:
            known = ", ".join(contract_name(contract) for contract in CONTRACTS)
            raise ValueError(f"there is no type {type_name!r}; there are {known}")
        try:
            self.open(row, name, [])
        except TypeError as error:
            if isinstance(error, TypeMismatch):
                raise
            raise ValueError(
                f"{name}={type_name}: {_article(type_name)} needs options, which a client gives"
            ) from error

    def delete(self, name: str) -> bool:
        """Remove an object and fail whoever waits on it; return whether there was one."""
        found = self.by_name.get(name)
        if found is None or name == STATE:
            return False
        del self.by_name[name]
        if hasattr(found.behaviour, "fail_all"):
            found.behaviour.fail_all(ObjectNotFound(f"{name!r} was deleted"))
        if isinstance(found.behaviour, Owned):
            self.last_token = max(self.last_token, found.behaviour.last_token)
        return True

    def listing(self, now: float) -> list[InfoFields]:
        """Return what there is, ordered by name."""
        return [self.by_name[name].describe(name, now) for name in sorted(self.by_name) if name]

    def locks(self, now: float) -> list[LockFields]:
        """Return what is held or waited for, by whom, ordered by name."""
        return [
            self.by_name[name].describe_lock(name, now)
            for name in sorted(self.by_name)
            if isinstance(lock := self.by_name[name].behaviour, Owned)
            and (lock.holders() or lock.waiters())
        ]

    def open(self, row: Row, name: str, arguments: list[Any]) -> None:
        """Create an object, as the operation `row` does, if there is none of that name.

        Raises:
            TypeMismatch: there is one of another type.
            Exception: what is wrong with the name or the arguments.
        """
        found = self.by_name.get(name)
        if found is None:
            check_name(name)
            behaviour = self._create(row, arguments)
            if isinstance(behaviour, Owned):
                behaviour.settle(name, self.last_token)
            self.by_name[name] = Object(row.type, behaviour)
        elif found.type != row.type:
            raise TypeMismatch(f"{name!r} is a {found.type}, not a {row.type}")

    def _create(self, row: Row, arguments: list[Any]) -> Any:
        if row.wants_find:
            return row.behaviour(*arguments, find=self.behaviour_of)
        return row.behaviour(*arguments)

    def behaviour_of(self, name: str, made_as: str | None = None) -> Any:
        """Return the behaviour named `name`, for one that works with another.

        If there is none, it is made as one of the type `made_as`.
        """
        check_name(name)
        if made_as is not None and name not in self.by_name:
            self.share(name, made_as)
        found = self.by_name.get(name)
        if found is None:
            raise ObjectNotFound(f"there is no object named {shown(name)}")
        return found.behaviour

    def find(self, row: Row, name: str) -> Any:
        """Return the behaviour named `name`, which has the operation `row`.

        Raises:
            ObjectNotFound: there is none of that name.
            TypeMismatch: it is of a type that has no such operation.
        """
        found = self.by_name.get(name)
        if found is None:
            raise ObjectNotFound(f"there is no object named {shown(name)}")
        behaviour = found.behaviour
        if not isinstance(behaviour, row.behaviour):
            raise TypeMismatch(f"{name!r} is a {found.type}, not a {row.type}")
        return behaviour

    def holder_of(self, lock: str, token: int) -> Holder:
        """Return who holds `lock` by the grant with that token.

        Raises:
            StaleFence: nobody does any more.
        """
        found = self.by_name.get(lock)
        if found is not None and isinstance(found.behaviour, Owned):
            holder = found.behaviour.holder_of(token)
            if holder is not None:
                return holder
        raise StaleFence(f"{shown(lock)} is not held with the token {token} any more")


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
