"""Namespace, bound twice: attributes for blocking callers, operations for awaiting ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared_state_protocol.contract import Calls
from shared_state_protocol.objects import Namespace as NamespaceContract
from shared_state_protocol.shapes import V

from ..proxy import AsyncProxy, Proxy

__all__ = ["AsyncNamespace", "Namespace"]


class Namespace(NamespaceContract[V], Proxy):
    """A shared namespace for blocking callers: ``namespace.rate = 10``.

    Names that begin with ``_``, `client`, `name` and the names of operations belong to the proxy;
    shared attributes that are called so are reached by `get`, `set` and `delete`.
    """

    def __init__(self, name: str, client: Calls) -> None:
        set_own = super().__setattr__  # what it is called and where it is are not shared
        set_own("name", name)
        set_own("client", client)

    def __getattr__(self, attribute: str) -> V:
        if attribute.startswith("_"):
            raise AttributeError(f"'Namespace' object has no attribute {attribute!r}")
        return self.get(attribute)

    def __setattr__(self, attribute: str, value: Any) -> None:
        if attribute.startswith("_"):
            super().__setattr__(attribute, value)
        elif hasattr(type(self), attribute):
            raise AttributeError(f"{attribute!r} belongs to the proxy: use set({attribute!r}, …)")
        else:
            self.set(attribute, value)

    def __delattr__(self, attribute: str) -> None:
        if attribute.startswith("_"):
            super().__delattr__(attribute)
        elif hasattr(type(self), attribute):
            raise AttributeError(f"{attribute!r} belongs to the proxy: use delete({attribute!r})")
        else:
            self.delete(attribute)

    def __contains__(self, attribute: str) -> bool:
        return self.contains(attribute)

    def __len__(self) -> int:
        return self.size()

    def __iter__(self) -> Iterator[str]:
        return (attribute for attribute, _ in self.attributes())

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def copy(self) -> dict[str, V]:
        """Return the attributes as they are now as a plain dict."""
        return dict(self.attributes())

    def __str__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in sorted(self.copy().items()))
        return f"Namespace({inner})"


class AsyncNamespace(NamespaceContract[V], AsyncProxy):
    """A shared namespace for awaiting callers."""

    async def copy(self) -> dict[str, V]:
        """Return the attributes as they are now as a plain dict."""
        return {name: value async for name, value in self.attributes()}
